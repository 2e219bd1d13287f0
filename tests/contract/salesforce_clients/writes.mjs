// jsforce, unmodified, signs in, describes, writes every way it knows, and reads back. Prints one line of JSON.
import jsforce from "jsforce";

const url = process.env.SALESFORCE_URL;
const oauth2 = { clientId: "dealsync", clientSecret: "sandbox-secret", loginUrl: url };
const conn = new jsforce.Connection({ instanceUrl: url, version: "62.0", oauth2 });
const saw = {};

saw.user = (await conn.authorize({ grant_type: "client_credentials" })).organizationId;
const described = await conn.sobject("Partner_Attribution__c").describe();
saw.key = described.fields.find((field) => field.name === "Engine_Key__c").externalId;

const made = await conn.sobject("Account").create(
  Array.from({ length: 250 }, (_, number) => ({ Name: `Account ${number}` })),
  { allowRecursive: true },
);
saw.made = made.filter((result) => result.success).length;
const deal = await conn
  .sobject("Opportunity")
  .create({ Name: "Deal", AccountId: made[0].id, StageName: "Proposal", CloseDate: "2026-12-31" });
const row = (key, more) => ({ Engine_Key__c: key, Opportunity__c: deal.id, ...more });
const upserted = await conn
  .sobject("Partner_Attribution__c")
  .upsert([row("a"), row("b", { Split_Status__c: "?" })], "Engine_Key__c");
saw.upserted = upserted.map((result) => [result.success, result.errors.map((error) => error.statusCode)]);
saw.updated = (await conn.sobject("Opportunity").update({ Id: deal.id, Amount: 12.5 })).success;

const partner = await conn
  .sobject("OpportunityPartner")
  .create({ OpportunityId: deal.id, AccountToId: made[1].id, Role: "Reseller", IsPrimary: true });
saw.partners = (await conn.query("SELECT Id, ReversePartnerId FROM OpportunityPartner")).records.length;
saw.removed = (await conn.sobject("OpportunityPartner").destroy(partner.id)).success;

conn.bulk2.pollInterval = 50;
// this client takes the columns of the file from its first row
const line = (key, more) => row(key, { Amount__c: "", Roles__c: "", Split_Status__c: "", ...more });
const job = await conn.bulk2.loadAndWaitForResults({
  object: "Partner_Attribution__c",
  operation: "upsert",
  externalIdFieldName: "Engine_Key__c",
  input: [line("a", { Amount__c: 1 }), line("c", { Roles__c: 'x,"y"\nz' }), line("d", { Split_Status__c: "?" })],
});
saw.job = [job.successfulResults.length, job.failedResults.length, job.unprocessedRecords.length];
saw.error = job.failedResults[0].sf__Error.split(":")[0];
const read = await conn.query("SELECT Engine_Key__c, Amount__c, Roles__c FROM Partner_Attribution__c ORDER BY Engine_Key__c");
saw.read = read.records.map((record) => [record.Engine_Key__c, record.Amount__c, record.Roles__c]);
console.log(JSON.stringify(saw));

// What HubSpot's own node client does with a portal; prints what it saw as one JSON line.
const { Client } = require('@hubspot/api-client')

const hs = new Client({ accessToken: 'pat-sandbox', basePath: process.argv[2], numberOfApiCallRetries: 0 })
const deal = (name, stage = 'contractsent') => ({
  dealname: name, dealstage: stage, pipeline: 'default', hubspot_owner_id: '77',
})

async function main() {
  const saw = {}
  const traced = (stage, at) => ({ properties: deal(stage, stage), associations: [], objectWriteTraceId: String(at) })
  const made = await hs.crm.deals.batchApi.create({ inputs: ['closedwon', 'nowhere'].map(traced) })
  saw.partial = [made.constructor.name, made.results.length, made.errors[0].context.objectWriteTraceId]
  const one = await hs.crm.deals.basicApi.create({ properties: deal('One'), associations: [] })
  const all = await hs.crm.deals.getAll()
  saw.listed = all.length
  const found = await hs.crm.deals.searchApi.doSearch({
    filterGroups: [{ filters: [{ propertyName: 'dealname', operator: 'EQ', value: 'One' }] }],
    sorts: ['hs_object_id'], properties: ['dealname'], limit: 10, after: '0',
  })
  saw.found = found.results.map((row) => row.id === one.id)
  const keyed = (key) => ({ id: key, idProperty: 'engine_key', properties: { share: '60' } })
  const parts = await hs.crm.objects.batchApi.upsert('partner_attribution', { inputs: [keyed('a'), keyed('b')] })
  saw.upserted = parts.results.map((row) => row._new).sort()
  const splits = [{ ownerId: 77, percentage: 1 }]
  const divided = await hs.crm.objects.dealSplits.batchApi.upsert({ inputs: [{ id: Number(one.id), splits }] })
  saw.split = divided.results[0].splits.map((part) => part.properties.hs_deal_split_percentage)
  const note = await hs.crm.objects.notes.basicApi.create({
    properties: { hs_timestamp: '2026-11-24T09:30:00Z', hs_note_body: 'x' },
    associations: [{ to: { id: one.id }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 214 }] }],
  })
  saw.note = Boolean(note.id)
  const dated = await hs.apiRequest({ path: `/crm/objects/2026-09/deals/${one.id}` })
  saw.dated = (await dated.json()).id === one.id
  try {
    await hs.crm.deals.basicApi.create({ properties: deal('Bad', 'nowhere'), associations: [] })
  } catch (refused) {
    saw.refused = [refused.code, JSON.parse(JSON.stringify(refused.body)).category]
  }
  console.log(JSON.stringify(saw))
}

main().catch((error) => { console.error(error); process.exit(1) })

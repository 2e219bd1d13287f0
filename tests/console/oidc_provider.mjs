// A real OpenID Connect provider on this machine: whoever names a login is that person, with the claims of people.json.
import { readFileSync } from "node:fs";
import { Provider } from "oidc-provider";

const [port, back] = process.argv.slice(2);
const people = JSON.parse(readFileSync("people.json", "utf-8"));
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "dealsync", client_secret: "a secret of this test", redirect_uris: [back] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups", "partner_id"] },
  pkce: { required: () => true },
  cookies: { keys: ["only in this test"] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
});
provider.listen(Number(port), "127.0.0.1", () => process.stdout.write("ready\n"));

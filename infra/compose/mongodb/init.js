// Makes the server a replica set of one member, which transactions and change streams need, and waits
// until it can be written to. Run again, it changes nothing.
const host = process.env.MEMBER ?? "mongodb:27017";

function initiated() {
  try {
    return db.adminCommand({ replSetGetStatus: 1 }).ok === 1;
  } catch (error) {
    if (error.codeName === "NotYetInitialized") return false;
    throw error;
  }
}

if (!initiated()) {
  db.adminCommand({ replSetInitiate: { _id: "rs0", members: [{ _id: 0, host }] } });
  print(`rs0 is made of ${host}`);
}
const deadline = Date.now() + 60_000;
while (!db.hello().isWritablePrimary) {
  if (Date.now() > deadline) throw new Error(`${host} did not become primary within a minute`);
  sleep(200);
}
print("rs0 has a primary");

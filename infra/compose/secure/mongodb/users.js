// A user for each service, who may do what it likes in its own database and nothing elsewhere.
// Run again, it sets the passwords anew.
const admin = db.getSiblingDB("admin");
for (const name of ["auth", "products", "orders"]) {
  const pwd = process.env[`MONGODB_${name.toUpperCase()}_PASSWORD`];
  if (!pwd) throw new Error(`MONGODB_${name.toUpperCase()}_PASSWORD is not set`);
  const roles = ["readWrite", "dbAdmin"].map((role) => ({ role, db: name }));
  if (admin.getUser(name)) admin.updateUser(name, { pwd, roles });
  else admin.createUser({ user: name, pwd, roles });
  print(`user ${name} is there`);
}

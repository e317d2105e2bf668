// A user for each service, who may do what it likes in its own database and nothing elsewhere: for each
// variable MONGODB_SERVICE_PASSWORD. Run again, it sets the passwords anew.
const admin = db.getSiblingDB("admin");
const passwords = Object.entries(process.env)
  .map(([variable, pwd]) => [/^MONGODB_([A-Z0-9_]+)_PASSWORD$/.exec(variable)?.[1], pwd])
  .filter(([service]) => service && service !== "ROOT");
for (const [service, pwd] of passwords) {
  const name = service.toLowerCase().replaceAll("_", "-");
  if (!pwd) throw new Error(`MONGODB_${service}_PASSWORD is empty`);
  const roles = ["readWrite", "dbAdmin"].map((role) => ({ role, db: name }));
  if (admin.getUser(name)) admin.updateUser(name, { pwd, roles });
  else admin.createUser({ user: name, pwd, roles });
  print(`user ${name} is there`);
}

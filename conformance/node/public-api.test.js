// Segment's Public API SDK, unmodified: each class is given a host and a token, and every operation that is served is
// called. One class goes through the proxy to api.segmentapis.com, as it is set without a host.
"use strict";

const assert = require("node:assert/strict");
const { before, test } = require("node:test");
const { Analytics } = require("@segment/analytics-node");
const sdk = require("@segment/public-api-sdk-typescript");
const { request, setting } = require("./support");

const account = () => `/switchward/v1/Accounts/${setting("account_sid")}`;
const PAGE = { count: 50 };
const MOST_PAGES = 100;
let token;
let workspace;

/** A class of the SDK, pointed here. */
function api(name) {
  const made = new sdk[name](setting("url"));
  made.accessToken = token;
  return made;
}

/** What the SDK's call answers with. */
const data = async (call) => (await call).body.data;

/** For `assert.rejects`: the SDK's exception has this status, and our error's type. */
const refused = (status, type) => (error) => {
  assert.deepEqual([error.statusCode, error.body.errors[0].type], [status, type]);
  return true;
};

const create = async (slug) =>
  (await data(api("SourcesApi").createSource({ slug, enabled: true, metadataId: "IqDTy1TpoU", settings: {} }))).source;

before(async () => {
  workspace = (await request("POST", `${account()}/Workspaces`, { name: "Public API" })).sid;
  const roles = ["workspace_owner", "pii_access"];
  token = (await request("POST", `${account()}/Workspaces/${workspace}/Tokens`, { name: "SDK", roles })).token;
});

test("the workspace, here and at Segment's host", async () => {
  assert.equal((await data(api("WorkspacesApi").getWorkspace())).workspace.id, workspace);
  const published = new sdk.WorkspacesApi();
  published.accessToken = token;
  assert.equal((await data(published.getWorkspace())).workspace.name, "Public API");
  const wrong = new sdk.WorkspacesApi(setting("url"));
  wrong.accessToken = "sgp_wrong";
  await assert.rejects(wrong.getWorkspace(), refused(401, "unauthorized"));
});

test("sources, their keys, labels and settings", async () => {
  const sources = api("SourcesApi");
  const made = await create("shop");
  await create("kiosk");
  const listed = await data(sources.listSources({ count: 1 }));
  assert.deepEqual([listed.sources.length, listed.pagination.totalEntries], [1, 2]);
  const rest = await data(sources.listSources({ count: 1, cursor: listed.pagination.next }));
  assert.notEqual(rest.sources[0].id, listed.sources[0].id);
  assert.equal((await data(sources.updateSource(made.id, { name: "Shop" }))).source.name, "Shop");
  assert.equal((await data(sources.getSource(made.id))).source.slug, "shop");

  const { source } = await data(sources.createWriteKeyForSource(made.id));
  assert.equal(source.writeKeys.length, 2);
  await data(sources.removeWriteKeyFromSource(made.id, source.writeKeys[0]));

  const label = { key: "environment", value: "production" };
  const labels = api("LabelsApi");
  assert.deepEqual({ ...(await data(labels.createLabel({ label }))).label, description: undefined }, { ...label, description: undefined });
  assert.equal((await data(sources.addLabelsToSource(made.id, { labels: [label] }))).labels.length, 1);
  assert.equal((await data(sources.replaceLabelsInSource(made.id, { labels: [] }))).labels.length, 0);
  assert.equal((await data(labels.listLabels())).labels.length, 1);
  await data(labels.deleteLabel(label.key, label.value));

  assert.equal((await data(sources.listSchemaSettingsInSource(made.id))).settings.track.allowUnplannedEvents, true);
  const changed = await data(sources.updateSchemaSettingsInSource(made.id, { track: { allowUnplannedEvents: false } }));
  assert.equal(changed.settings.track.allowUnplannedEvents, false);
  assert.equal((await data(sources.deleteSource(made.id))).status, "SUCCESS");
  await assert.rejects(sources.getSource(made.id), refused(404, "not-found"));
});

test("a tracking plan judges what an SDK sends", async () => {
  const plans = api("TrackingPlansApi");
  const source = await create("planned");
  const { trackingPlan } = await data(plans.createTrackingPlan({ name: "Clinic", type: "LIVE" }));
  const rule = (key, jsonSchema = {}) => ({ type: "TRACK", key, version: 1, jsonSchema });
  await data(plans.replaceRulesInTrackingPlan(trackingPlan.id, { rules: [rule("Booked"), rule("Left")] }));
  await data(plans.updateRulesInTrackingPlan(trackingPlan.id, { rules: [{ ...rule("Left"), newKey: "Gone" }] }));
  const keys = async () =>
    (await data(plans.listRulesFromTrackingPlan(trackingPlan.id, PAGE))).rules.map(({ key }) => key).sort();
  assert.deepEqual(await keys(), ["Booked", "Gone"]);
  await data(plans.removeRulesFromTrackingPlan(trackingPlan.id, [{ type: "TRACK", key: "Gone", version: 1 }]));
  assert.deepEqual(await keys(), ["Booked"]);
  await data(plans.addSourceToTrackingPlan(trackingPlan.id, { sourceId: source.id }));
  assert.equal((await data(plans.listSourcesFromTrackingPlan(trackingPlan.id, PAGE))).sources[0].id, source.id);
  await data(api("SourcesApi").updateSchemaSettingsInSource(source.id, { track: { allowUnplannedEvents: false } }));

  const client = new Analytics({ writeKey: source.writeKeys[0], host: setting("url") });
  client.track({ userId: "u-1", event: "Booked" });
  client.track({ userId: "u-1", event: "Unplanned" });
  await client.closeAndFlush();
  const kept = (await request("GET", `${account()}/Sources/${source.id}/Events`)).events;
  assert.deepEqual(kept.map(({ event }) => event), ["Booked"]);

  await data(plans.updateTrackingPlan(trackingPlan.id, { description: "For the ward" }));
  assert.equal((await data(plans.getTrackingPlan(trackingPlan.id))).trackingPlan.description, "For the ward");
  assert.equal((await data(plans.listTrackingPlans(PAGE, "LIVE"))).trackingPlans.length, 1);
  await data(plans.removeSourceFromTrackingPlan(trackingPlan.id, source.id));
  assert.equal((await data(plans.deleteTrackingPlan(trackingPlan.id))).status, "SUCCESS");
});

test("people are suppressed and deleted", async () => {
  const privacy = api("DeletionAndSuppressionApi");
  const regulation = (regulationType) => ({ regulationType, subjectType: "USER_ID", subjectIds: ["u-9"] });
  const { regulateId } = await data(privacy.createWorkspaceRegulation(regulation("SUPPRESS_WITH_DELETE")));
  assert.equal((await data(privacy.getRegulation(regulateId))).regulation.overallStatus, "FINISHED");
  assert.deepEqual((await data(privacy.listSuppressions(PAGE))).suppressed[0].subjectIds, ["u-9"]);
  assert.equal((await data(privacy.listWorkspaceRegulations(PAGE))).regulations.length, 1);
  await assert.rejects(privacy.deleteRegulation(regulateId), refused(409, "conflict"));
});

test("people, invites and groups", async () => {
  const users = api("IAMUsersApi");
  const groups = api("IAMGroupsApi");
  const resources = [{ id: workspace, type: "WORKSPACE" }];
  const permission = (roleId) => ({ roleId, resources });
  const email = "nurse@clinic.example";
  const invites = [{ email, permissions: [permission("source_read_only")] }, { email: "left@clinic.example" }];
  assert.deepEqual((await data(users.createInvites({ invites }))).emails, [email, "left@clinic.example"]);
  assert.equal((await data(users.listInvites(PAGE))).invites.length, 2);
  await data(users.deleteInvites(["left@clinic.example"]));
  await assert.rejects(users.createInvites({ invites: [{ email }] }), refused(409, "conflict"));

  const made = await request("POST", `${account()}/Workspaces/${workspace}/Tokens`, { name: "Nurse", user_email: email });
  const own = new sdk.SourcesApi(setting("url"));
  own.accessToken = made.token;
  assert.ok((await data(own.listSources(PAGE))).sources);
  const [user] = (await data(users.listUsers(PAGE))).users;
  assert.deepEqual([user.id, user.email], [made.user_sid, email]);
  assert.equal((await data(users.getUser(user.id))).user.permissions[0].roleName, "Source Read-only");

  const { userGroup } = await data(groups.createUserGroup({ name: "Ward" }));
  assert.equal((await data(groups.addUsersToUserGroup(userGroup.id, { emails: [email] }))).userGroup.memberCount, 1);
  const given = { permissions: [permission("tracking_plan_read_only")] };
  assert.equal((await data(groups.addPermissionsToUserGroup(userGroup.id, given))).permissions.length, 1);
  assert.equal((await data(groups.listUsersFromUserGroup(userGroup.id, PAGE))).users[0].email, email);
  assert.deepEqual((await data(groups.listInvitesFromUserGroup(userGroup.id, PAGE))).emails, []);
  assert.equal((await data(users.listUserGroupsFromUser(user.id, PAGE))).groups[0].name, "Ward");
  const plans = new sdk.TrackingPlansApi(setting("url"));
  plans.accessToken = made.token;
  assert.ok((await data(plans.listTrackingPlans(PAGE))).trackingPlans);
  await data(groups.updateUserGroup(userGroup.id, { name: "Ward 7" }));
  assert.equal((await data(groups.getUserGroup(userGroup.id))).userGroup.name, "Ward 7");
  await data(groups.replacePermissionsForUserGroup(userGroup.id, { permissions: [] }));
  await assert.rejects(plans.listTrackingPlans(PAGE), refused(403, "forbidden"));
  await data(groups.replaceUsersInUserGroup(userGroup.id, { emails: [email] }));
  await data(groups.removeUsersFromUserGroup(userGroup.id, [email]));
  assert.equal((await data(groups.listUserGroups(PAGE))).userGroups[0].memberCount, 0);
  assert.equal((await data(groups.deleteUserGroup(userGroup.id))).status, "SUCCESS");

  await data(users.addPermissionsToUser(user.id, { permissions: [permission("pii_access")] }));
  const left = await data(users.replacePermissionsForUser(user.id, { permissions: [permission("tracking_plan_admin")] }));
  assert.deepEqual(left.permissions.map(({ roleId }) => roleId), ["tracking_plan_admin"]);
  assert.equal((await data(users.deleteUsers([user.id]))).status, "SUCCESS");
  await assert.rejects(own.listSources(PAGE), refused(401, "unauthorized"));
});

test("roles and audit events, and an operation that is not served", async () => {
  const { roles } = await data(api("IAMRolesApi").listRoles(PAGE));
  assert.ok(roles.some(({ name }) => name === "PII Access"));
  // A page looks through so many entries of the account, and may have none of the workspace.
  const types = [];
  let cursor;
  for (let page = 0; page < MOST_PAGES && (page === 0 || cursor); page += 1) {
    const { events, pagination } = await data(api("AuditTrailApi").listAuditEvents({ ...PAGE, cursor }));
    types.push(...events.map(({ type }) => type));
    cursor = pagination.next;
  }
  assert.ok(types.includes("create_token"), types.join(" "));
  await assert.rejects(api("DestinationsApi").listDestinations(PAGE), refused(501, "not-implemented"));
});

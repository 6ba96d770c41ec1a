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

test("a destination with subscriptions and filters, and what became of events", async () => {
  const [destinations, filters] = [api("DestinationsApi"), api("DestinationFiltersApi")];
  const source = await create("delivered");
  const { destinationsCatalog } = await data(api("CatalogApi").getDestinationsCatalog(PAGE));
  assert.deepEqual(destinationsCatalog.map(({ slug }) => slug).sort(), ["nats", "postgres", "s3", "webhook"]);
  const { destinationMetadata } = await data(api("CatalogApi").getDestinationMetadata("webhook"));
  const settings = { url: "https://events.example.org/in" };
  const wanted = { sourceId: source.id, metadataId: destinationMetadata.id, name: "Orders", enabled: false, settings };
  const { destination } = await data(destinations.createDestination(wanted));
  assert.equal((await data(destinations.getDestination(destination.id))).destination.settings.url, settings.url);
  assert.equal((await data(destinations.listDestinations(PAGE))).destinations.length, 1);
  const connected = await data(api("SourcesApi").listConnectedDestinationsFromSource(source.id, PAGE));
  assert.equal(connected.destinations[0].id, destination.id);
  const renamed = await data(destinations.updateDestination(destination.id, { name: "Pharmacy", enabled: true }));
  assert.deepEqual([renamed.destination.name, renamed.destination.enabled], ["Pharmacy", true]);

  const actionId = destinationMetadata.actions[0].id;
  const mapping = { total: { "@path": "$.properties.total" } };
  const subscription = { name: "All", actionId, trigger: 'event = "Ordered"', enabled: true, settings: mapping };
  const { destinationSubscription } = await data(
    destinations.createDestinationSubscription(destination.id, subscription),
  );
  const of = [destination.id, destinationSubscription.id];
  const input = { name: "Orders", enabled: false };
  assert.equal((await data(destinations.updateSubscriptionForDestination(...of, { input }))).subscription.enabled, false);
  assert.equal((await data(destinations.getSubscriptionFromDestination(...of))).subscription.name, "Orders");
  assert.equal((await data(destinations.listSubscriptionsFromDestination(destination.id, PAGE))).subscriptions.length, 1);
  await data(destinations.removeSubscriptionFromDestination(...of));

  const drop = { if: "properties.total > 1", actions: [{ type: "DROP" }] };
  const made = { ...drop, sourceId: source.id, title: "Small ones", enabled: true };
  const { filter } = await data(filters.createFilterForDestination(destination.id, made));
  const changed = await data(filters.updateFilterForDestination(destination.id, filter.id, { title: "Smaller ones" }));
  assert.equal(changed.filter.title, "Smaller ones");
  assert.equal((await data(filters.getFilterInDestination(destination.id, filter.id))).filter.if, drop.if);
  assert.equal((await data(filters.listFiltersFromDestination(destination.id, PAGE))).filters.length, 1);
  const preview = async (total) =>
    (await data(filters.previewDestinationFilter({ filter: drop, payload: { properties: { total } } }))).result;
  assert.deepEqual([await preview(2), (await preview(1)).properties.total], [null, 1]);
  await data(filters.removeFilterFromDestination(destination.id, filter.id));

  const summary = await data(destinations.listDeliveryMetricsSummaryFromDestination(destination.id, source.id));
  const [successes] = summary.deliveryMetricsSummary.metrics;
  assert.deepEqual([successes.metricName, successes.total], ["successes", 0]);
  const now = new Date().toISOString();
  const asked = [source.id, destination.id, now, now, "day", PAGE];
  const overview = api("DeliveryOverviewApi");
  for (const name of ["EgressSuccess", "EgressFailed", "FilteredAtDestination"]) {
    assert.equal((await data(overview[`get${name}MetricsFromDeliveryOverview`](...asked))).total, 0);
  }
  assert.equal((await data(destinations.deleteDestination(destination.id))).status, "SUCCESS");
  await assert.rejects(destinations.getDestination(destination.id), refused(404, "not-found"));
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
  await assert.rejects(api("TransformationsApi").listTransformations(PAGE), refused(501, "not-implemented"));
});

//! Every operation of Segment's Public API, as its TypeScript SDK 47.0 has them: what is served has a handler, and the
//! rest is answered as published but not served.

use std::future::Future;
use std::pin::Pin;

use http::Method;

use super::wire::{Failed, Reply};
use super::{Call, audit, groups, labels, privacy, rules, schema, sources, tracking_plans, users, workspace};
use crate::roles::Area;

/// An answer on its way.
pub type Answering = Pin<Box<dyn Future<Output = Result<Reply, Failed>> + Send>>;

/// One row of the table.
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    /// What the ledger calls it: the SDK's name with underscores.
    pub(super) name: &'static str,
    /// What it is about: roles open areas.
    pub(super) area: Area,
    /// None for what is not served.
    pub(super) handler: Option<fn(Call) -> Answering>,
}

macro_rules! handler {
    () => {
        None
    };
    ($handler:path) => {
        Some(|call| Box::pin($handler(call)))
    };
}

macro_rules! operations {
    ($($method:ident $path:literal $name:ident $area:ident $(=> $handler:path)?;)*) => {
        /// The table.
        pub(super) static OPERATIONS: &[Operation] = &[$(Operation {
            method: Method::$method,
            path: $path,
            name: stringify!($name),
            area: Area::$area,
            handler: handler!($($handler)?),
        }),*];
    };
}

operations! {
    // APICalls
    GET "/usage/api-calls/sources/daily" get_daily_per_source_api_calls_usage Elsewhere;
    GET "/usage/api-calls/daily" get_daily_workspace_api_calls_usage Elsewhere;
    // Audiences
    GET "/spaces/{spaceId}/audiences/{id}" get_audience Elsewhere;
    GET "/spaces/{spaceId}/audiences" list_audiences Elsewhere;
    DELETE "/spaces/{spaceId}/audiences/{id}" remove_audience_from_space Elsewhere;
    PATCH "/spaces/{spaceId}/audiences/{id}" update_audience_for_space Elsewhere;
    // AuditTrail
    GET "/audit-events" list_audit_events People => audit::list;
    // Catalog
    GET "/catalog/destinations/{destinationMetadataId}" get_destination_metadata Destinations;
    GET "/catalog/destinations" get_destinations_catalog Destinations;
    GET "/catalog/sources/{sourceMetadataId}" get_source_metadata Elsewhere;
    GET "/catalog/sources" get_sources_catalog Elsewhere;
    GET "/catalog/warehouses/{warehouseMetadataId}" get_warehouse_metadata Elsewhere;
    GET "/catalog/warehouses" get_warehouses_catalog Elsewhere;
    // ComputedTraits
    GET "/spaces/{spaceId}/computed-traits/{id}" get_computed_trait Elsewhere;
    GET "/spaces/{spaceId}/computed-traits" list_computed_traits Elsewhere;
    DELETE "/spaces/{spaceId}/computed-traits/{id}" remove_computed_trait_from_space Elsewhere;
    PATCH "/spaces/{spaceId}/computed-traits/{id}" update_computed_trait_for_space Elsewhere;
    // DeletionAndSuppression
    POST "/regulations/cloudsources/{sourceId}" create_cloud_source_regulation Privacy;
    POST "/regulations/sources/{sourceId}" create_source_regulation Privacy;
    POST "/regulations" create_workspace_regulation Privacy => privacy::create;
    DELETE "/regulations/{regulateId}" delete_regulation Privacy => privacy::delete;
    GET "/regulations/{regulateId}" get_regulation Privacy => privacy::fetch;
    GET "/regulations/sources/{sourceId}" list_regulations_from_source Privacy;
    GET "/suppressions" list_suppressions Privacy => privacy::suppressions;
    GET "/regulations" list_workspace_regulations Privacy => privacy::list;
    // DeliveryOverview
    GET "/delivery-overview/failed-delivery" get_egress_failed_metrics_from_delivery_overview Destinations;
    GET "/delivery-overview/successful-delivery" get_egress_success_metrics_from_delivery_overview Destinations;
    GET "/delivery-overview/filtered-at-destination" get_filtered_at_destination_metrics_from_delivery_overview Destinations;
    GET "/delivery-overview/filtered-at-source" get_filtered_at_source_metrics_from_delivery_overview Destinations;
    GET "/delivery-overview/failed-on-ingest" get_ingress_failed_metrics_from_delivery_overview Destinations;
    GET "/delivery-overview/successfully-received" get_ingress_success_metrics_from_delivery_overview Destinations;
    // DestinationFilters
    POST "/destination/{destinationId}/filters" create_filter_for_destination Destinations;
    GET "/destination/{destinationId}/filters/{filterId}" get_filter_in_destination Destinations;
    GET "/destination/{destinationId}/filters" list_filters_from_destination Destinations;
    POST "/destination/filters/preview" preview_destination_filter Destinations;
    DELETE "/destination/{destinationId}/filters/{filterId}" remove_filter_from_destination Destinations;
    PATCH "/destination/{destinationId}/filters/{filterId}" update_filter_for_destination Destinations;
    // Destinations
    POST "/destinations" create_destination Destinations;
    POST "/destinations/{destinationId}/subscriptions" create_destination_subscription Destinations;
    DELETE "/destinations/{destinationId}" delete_destination Destinations;
    GET "/destinations/{destinationId}" get_destination Destinations;
    GET "/destinations/{destinationId}/subscriptions/{id}" get_subscription_from_destination Destinations;
    GET "/destinations/{destinationId}/delivery-metrics" list_delivery_metrics_summary_from_destination Destinations;
    GET "/destinations" list_destinations Destinations;
    GET "/destinations/{destinationId}/subscriptions" list_subscriptions_from_destination Destinations;
    DELETE "/destinations/{destinationId}/subscriptions/{id}" remove_subscription_from_destination Destinations;
    PATCH "/destinations/{destinationId}" update_destination Destinations;
    PATCH "/destinations/{destinationId}/subscriptions/{id}" update_subscription_for_destination Destinations;
    // EdgeFunctions
    POST "/sources/{sourceId}/edge-functions" create_edge_functions Elsewhere;
    PATCH "/sources/{sourceId}/edge-functions/disable" disable_edge_functions Elsewhere;
    POST "/sources/{sourceId}/edge-functions/upload-url" generate_upload_url_for_edge_functions Elsewhere;
    GET "/sources/{sourceId}/edge-functions/latest" get_latest_from_edge_functions Elsewhere;
    // Events
    GET "/events/volume" get_events_volume_from_workspace Elsewhere;
    // Functions
    POST "/functions" create_function Elsewhere;
    POST "/functions/{functionId}/deploy" create_function_deployment Elsewhere;
    POST "/insert-function-instances" create_insert_function_instance Elsewhere;
    DELETE "/functions/{functionId}" delete_function Elsewhere;
    DELETE "/insert-function-instances/{instanceId}" delete_insert_function_instance Elsewhere;
    GET "/functions/{functionId}" get_function Elsewhere;
    GET "/functions/{functionId}/versions/{versionId}" get_function_version Elsewhere;
    GET "/insert-function-instances/{instanceId}" get_insert_function_instance Elsewhere;
    GET "/functions/{functionId}/versions" list_function_versions Elsewhere;
    GET "/functions" list_functions Elsewhere;
    GET "/insert-function-instances" list_insert_function_instances Elsewhere;
    POST "/functions/{functionId}/versions" restore_function_version Elsewhere;
    PATCH "/functions/{functionId}" update_function Elsewhere;
    PATCH "/insert-function-instances/{instanceId}" update_insert_function_instance Elsewhere;
    // IAMGroups
    POST "/groups/{userGroupId}/permissions" add_permissions_to_user_group People => groups::add_permissions;
    POST "/groups/{userGroupId}/users" add_users_to_user_group People => groups::add_users;
    POST "/groups" create_user_group People => groups::create;
    DELETE "/groups/{userGroupId}" delete_user_group People => groups::delete;
    GET "/groups/{userGroupId}" get_user_group People => groups::fetch;
    GET "/groups/{userGroupId}/invites" list_invites_from_user_group People => groups::list_invites;
    GET "/groups" list_user_groups People => groups::list;
    GET "/groups/{userGroupId}/users" list_users_from_user_group People => groups::list_users;
    DELETE "/group/{userGroupId}/users" remove_users_from_user_group People => groups::remove_users;
    PUT "/groups/{userGroupId}/permissions" replace_permissions_for_user_group People => groups::replace_permissions;
    PUT "/group/{userGroupId}/users" replace_users_in_user_group People => groups::replace_users;
    PATCH "/groups/{userGroupId}" update_user_group People => groups::update;
    // IAMRoles
    GET "/roles" list_roles People => workspace::roles;
    // IAMUsers
    POST "/users/{userId}/permissions" add_permissions_to_user People => users::add_permissions;
    POST "/invites" create_invites People => users::invite;
    DELETE "/invites" delete_invites People => users::delete_invites;
    DELETE "/users" delete_users People => users::delete;
    GET "/users/{userId}" get_user People => users::fetch;
    GET "/invites" list_invites People => users::invites;
    GET "/users/{userId}/groups" list_user_groups_from_user People => users::groups;
    GET "/users" list_users People => users::list;
    PUT "/users/{userId}/permissions" replace_permissions_for_user People => users::replace_permissions;
    // Labels
    POST "/labels" create_label Workspace => labels::create;
    DELETE "/labels/{key}/{value}" delete_label Workspace => labels::delete;
    GET "/labels" list_labels Workspace => labels::list;
    // MonthlyTrackedUsers
    GET "/usage/mtu/sources/daily" get_daily_per_source_mtu_usage Elsewhere;
    GET "/usage/mtu/daily" get_daily_workspace_mtu_usage Elsewhere;
    // ProfilesSync
    POST "/spaces/{spaceId}/profiles-warehouses" create_profiles_warehouse Elsewhere;
    GET "/spaces/{spaceId}/profiles-warehouses" list_profiles_warehouse_in_space Elsewhere;
    GET "/spaces/{spaceId}/profiles-warehouses/{warehouseId}/selective-syncs" list_selective_syncs_from_warehouse_and_space Elsewhere;
    DELETE "/spaces/{spaceId}/profiles-warehouses/{warehouseId}" remove_profiles_warehouse_from_space Elsewhere;
    PATCH "/spaces/{spaceId}/profiles-warehouses/{warehouseId}" update_profiles_warehouse_for_space_warehouse Elsewhere;
    PATCH "/spaces/{spaceId}/profiles-warehouses/{warehouseId}/selective-syncs" update_selective_sync_for_warehouse_and_space Elsewhere;
    // ReverseETL
    POST "/reverse-etl-syncs" create_reverse_etl_manual_sync Elsewhere;
    POST "/reverse-etl-models" create_reverse_etl_model Elsewhere;
    DELETE "/reverse-etl-models/{modelId}" delete_reverse_etl_model Elsewhere;
    GET "/reverse-etl-models/{modelId}/syncs/{syncId}" get_reverse_etl_sync_from_model Elsewhere;
    GET "/reverse-etl-models/{modelId}" get_reverse_etl_model Elsewhere;
    GET "/reverse-etl-models" list_reverse_etl_models Elsewhere;
    PATCH "/reverse-etl-models/{modelId}" update_reverse_etl_model Elsewhere;
    // SelectiveSync
    GET "/warehouses/{warehouseId}/advanced-sync-schedule" get_advanced_sync_schedule_from_warehouse Elsewhere;
    GET "/warehouses/{warehouseId}/connected-sources/{sourceId}/selective-syncs" list_selective_syncs_from_warehouse_and_source Elsewhere;
    GET "/warehouses/{warehouseId}/syncs" list_syncs_from_warehouse Elsewhere;
    GET "/warehouses/{warehouseId}/connected-sources/{sourceId}/syncs" list_syncs_from_warehouse_and_source Elsewhere;
    PUT "/warehouses/{warehouseId}/advanced-sync-schedule" replace_advanced_sync_schedule_for_warehouse Elsewhere;
    PATCH "/warehouses/{warehouseId}/selective-sync" update_selective_sync_for_warehouse Elsewhere;
    // Sources
    POST "/sources/{sourceId}/labels" add_labels_to_source Sources => labels::add_to_source;
    POST "/sources" create_source Sources => sources::create;
    POST "/sources/{sourceId}/writekey" create_write_key_for_source Sources => sources::create_write_key;
    DELETE "/sources/{sourceId}" delete_source Sources => sources::delete;
    GET "/sources/{sourceId}" get_source Sources => sources::fetch;
    GET "/sources/{sourceId}/connected-destinations" list_connected_destinations_from_source Sources;
    GET "/sources/{sourceId}/connected-warehouses" list_connected_warehouses_from_source Sources;
    GET "/sources/{sourceId}/settings" list_schema_settings_in_source Sources => schema::fetch;
    GET "/sources" list_sources Sources => sources::list;
    DELETE "/sources/{sourceId}/writekey/{writeKey}" remove_write_key_from_source Sources => sources::remove_write_key;
    PUT "/sources/{sourceId}/labels" replace_labels_in_source Sources => labels::replace_in_source;
    PATCH "/sources/{sourceId}/settings" update_schema_settings_in_source Sources => schema::update;
    PATCH "/sources/{sourceId}" update_source Sources => sources::update;
    // Spaces
    POST "/spaces/{spaceId}/messaging-subscriptions/batch" batch_query_messaging_subscriptions_for_space Elsewhere;
    GET "/spaces/{spaceId}" get_space Elsewhere;
    GET "/spaces" list_spaces Elsewhere;
    PUT "/spaces/{spaceId}/messaging-subscriptions" replace_messaging_subscriptions_in_spaces Elsewhere;
    // Testing
    GET "/echo" echo Elsewhere;
    // TrackingPlans
    POST "/tracking-plans/{trackingPlanId}/sources" add_source_to_tracking_plan Plans => tracking_plans::add_source;
    POST "/tracking-plans" create_tracking_plan Plans => tracking_plans::create;
    DELETE "/tracking-plans/{trackingPlanId}" delete_tracking_plan Plans => tracking_plans::delete;
    GET "/tracking-plans/{trackingPlanId}" get_tracking_plan Plans => tracking_plans::fetch;
    GET "/tracking-plans/{trackingPlanId}/rules" list_rules_from_tracking_plan Plans => rules::list;
    GET "/tracking-plans/{trackingPlanId}/sources" list_sources_from_tracking_plan Plans => tracking_plans::list_sources;
    GET "/tracking-plans" list_tracking_plans Plans => tracking_plans::list;
    DELETE "/tracking-plans/{trackingPlanId}/rules" remove_rules_from_tracking_plan Plans => rules::remove;
    DELETE "/tracking-plans/{trackingPlanId}/sources" remove_source_from_tracking_plan Plans => tracking_plans::remove_source;
    PUT "/tracking-plans/{trackingPlanId}/rules" replace_rules_in_tracking_plan Plans => rules::replace;
    PATCH "/tracking-plans/{trackingPlanId}/rules" update_rules_in_tracking_plan Plans => rules::update;
    PATCH "/tracking-plans/{trackingPlanId}" update_tracking_plan Plans => tracking_plans::update;
    // Transformations
    POST "/transformations" create_transformation Elsewhere;
    DELETE "/transformations/{transformationId}" delete_transformation Elsewhere;
    GET "/transformations/{transformationId}" get_transformation Elsewhere;
    GET "/transformations" list_transformations Elsewhere;
    PATCH "/transformations/{transformationId}" update_transformation Elsewhere;
    // Warehouses
    POST "/warehouses/{warehouseId}/connected-sources/{sourceId}" add_connection_from_source_to_warehouse Elsewhere;
    POST "/warehouses/validation" create_validation_in_warehouse Elsewhere;
    POST "/warehouses" create_warehouse Elsewhere;
    DELETE "/warehouses/{warehouseId}" delete_warehouse Elsewhere;
    GET "/warehouses/{warehouseId}/connection-state" get_connection_state_from_warehouse Elsewhere;
    GET "/warehouses/{warehouseId}" get_warehouse Elsewhere;
    GET "/warehouses/{warehouseId}/connected-sources" list_connected_sources_from_warehouse Elsewhere;
    GET "/warehouses" list_warehouses Elsewhere;
    DELETE "/warehouses/{warehouseId}/connected-sources/{sourceId}" remove_source_connection_from_warehouse Elsewhere;
    PATCH "/warehouses/{warehouseId}" update_warehouse Elsewhere;
    // Workspaces
    GET "/" get_workspace Workspace => workspace::fetch;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page that says what is served.
    const PAGE: &str = include_str!("../../../../docs/segment-public-api.md");

    /// Rows that `destinations` serves; its own tests see to it that these are all of them.
    const BY_OTHERS: usize = 23;

    #[test]
    fn the_page_says_how_many_are_served() {
        let served = OPERATIONS.iter().filter(|operation| operation.handler.is_some()).count() + BY_OTHERS;
        let line = format!("{served} of {} operations are served", OPERATIONS.len());
        assert!(PAGE.contains(&line), "{line}");
        for operation in OPERATIONS.iter().filter(|operation| operation.handler.is_some()) {
            let row = format!("`{} {}`", operation.method, operation.path);
            assert!(PAGE.contains(&row), "{row}");
        }
    }
}

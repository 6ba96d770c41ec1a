//! Destinations in Segment's Public API: the same destinations, filters and mappings (*subscriptions* there), and what
//! became of events. `segment` knows the callers and the table of operations; what is answered here is [`SERVED`].
//!
//! Grants, manifests and their approval are not in Segment's API: they are in ours alone. In a HIPAA workspace a
//! destination is switched on only with them.

mod catalog;
mod delivery;
mod filters;
mod instances;
mod subscriptions;

use base::DestinationSid;
use errors::{ApiError, codes};
use segment::public::{Call, Failed, Served};

use crate::service::{self, Held};

macro_rules! served {
    ($($name:literal => $handler:path;)*) => {
        /// The operations of Segment's Public API that are answered here.
        pub const SERVED: &[Served] = &[$(($name, |call| Box::pin($handler(call)))),*];
    };
}

served! {
    "create_destination" => instances::create;
    "list_destinations" => instances::list;
    "get_destination" => instances::fetch;
    "update_destination" => instances::update;
    "delete_destination" => instances::delete;
    "list_connected_destinations_from_source" => instances::connected;
    "create_destination_subscription" => subscriptions::create;
    "list_subscriptions_from_destination" => subscriptions::list;
    "get_subscription_from_destination" => subscriptions::fetch;
    "update_subscription_for_destination" => subscriptions::update;
    "remove_subscription_from_destination" => subscriptions::remove;
    "create_filter_for_destination" => filters::create;
    "list_filters_from_destination" => filters::list;
    "get_filter_in_destination" => filters::fetch;
    "update_filter_for_destination" => filters::update;
    "remove_filter_from_destination" => filters::remove;
    "preview_destination_filter" => filters::preview;
    "get_destinations_catalog" => catalog::list;
    "get_destination_metadata" => catalog::fetch;
    "list_delivery_metrics_summary_from_destination" => delivery::summary;
    "get_egress_success_metrics_from_delivery_overview" => delivery::successful;
    "get_egress_failed_metrics_from_delivery_overview" => delivery::failed;
    "get_filtered_at_destination_metrics_from_delivery_overview" => delivery::filtered;
}

/// The destination that the path names first, in the token's workspace.
async fn find(call: &Call) -> Result<Held, Failed> {
    let sid: DestinationSid = call.text(0).parse().map_err(|_| ApiError::new(codes::NOT_FOUND))?;
    Ok(service::find(&call.ctx, call.workspace.clone(), sid).await?)
}

/// Writes what was changed besides whether it is on.
async fn save(call: &Call, held: Held) -> Result<Held, Failed> {
    let is_enabled = held.document.facts.enabled;
    Ok(service::save(&call.ctx, held, is_enabled).await?)
}

fn not_found() -> Failed {
    ApiError::new(codes::NOT_FOUND).into()
}

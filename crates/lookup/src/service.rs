//! What happens: the rulebook is asked, the disclosure recorded, the number opened, the provider asked.

use base::{NumberFault, PhoneNumber, check_number};
use errors::{ApiError, Result, codes};
use kit::{Ctx, Meter, meter};
use rulebook::guard::{Action, LookupFacts};

use crate::model::{Asked, CallerType, GivenNumber, Line, Package};
use crate::provider::{Provider, Unreachable};

/// The protected fields of a lookup without and with the caller's name.
const NUMBER: &[&str] = &["phone_number"];
const NUMBER_AND_CALLER: &[&str] = &["phone_number", "caller_name"];

/// What was found out, opened: it goes into a view and nowhere else.
pub(crate) struct Found {
    /// The number as it was asked about.
    pub(crate) given: String,
    /// The number, or what is wrong with it.
    pub(crate) number: Result<PhoneNumber, NumberFault>,
    /// The line; the outer level says whether it was asked for, the inner whether it is known.
    pub(crate) line: Option<Option<Line>>,
    /// The caller, likewise.
    pub(crate) caller: Option<Option<OpenCaller>>,
}

/// A caller whose name is open.
pub(crate) struct OpenCaller {
    pub(crate) name: String,
    pub(crate) caller_type: Option<CallerType>,
}

/// Looks a number up (LOOK-ELIG-1, LOOK-MKT-1).
pub(crate) async fn look_up(
    ctx: &Ctx,
    given: GivenNumber,
    asked: Asked,
    provider: &dyn Provider,
) -> Result<Found> {
    let names: Vec<&str> = asked.packages.iter().map(String::as_str).collect();
    ctx.guard(&Action::Lookup(LookupFacts { packages: &names, add_ons: asked.add_ons }))?;
    asked.served?;
    let packages = names.into_iter().map(Package::parse).collect::<Result<Vec<_>>>()?;
    let with_caller = packages.contains(&Package::Caller);

    let fields = if with_caller { NUMBER_AND_CALLER } else { NUMBER };
    let mut batch = ctx.batch();
    meter::count(&mut batch, Meter::Lookups, ctx.now(), 1, 1);
    if packages.contains(&Package::Line) {
        meter::count(&mut batch, Meter::CarrierLookups, ctx.now(), 1, 1);
    }
    if with_caller {
        meter::count(&mut batch, Meter::CallerIdLookups, ctx.now(), 1, 1);
    }
    let proof = ctx.commit_and_disclose(batch, vec![ctx.account().sid().to_string()], fields).await?;
    let given = given.0.into_open(&proof);
    let number = check_number(&given, Some(&asked.country));

    let (mut line, mut caller) = (None, None);
    if let Ok(number) = &number {
        if packages.contains(&Package::Line) {
            line = Some(provider.line(number).await.map_err(unreachable)?);
        }
        if with_caller {
            let known = provider.caller(number).await.map_err(unreachable)?;
            caller = Some(known.map(|known| OpenCaller {
                name: known.name.into_open(&proof),
                caller_type: known.caller_type,
            }));
        }
    }
    Ok(Found { given, number, line, caller })
}

fn unreachable(_: Unreachable) -> ApiError {
    codes::UNAVAILABLE.into()
}

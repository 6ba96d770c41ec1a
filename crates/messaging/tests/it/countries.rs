//! Messages to countries that the account has not opened: refused when they are asked for, and again when they leave.

use crate::site::{OWN, PATIENT, Site, edit_account, sid};

const LONDON: &str = "+442071838750";
const TORONTO: &str = "+14165550177";
const SAN_JUAN: &str = "+17875550177";
const HAVANA: &str = "+5378300000";
/// Inmarsat: of no country.
const AT_SEA: &str = "+870773111632";

#[tokio::test]
async fn only_open_countries_are_sent_to() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let send = async |to: &str| site.post(owner, &[("To", to), ("From", OWN), ("Body", "x")]).await;
    for to in [PATIENT, TORONTO, SAN_JUAN] {
        send(to).await.assert_status(201);
    }
    for to in [LONDON, HAVANA, AT_SEA] {
        let reply = send(to).await;
        // Its own setting, and no rule of the guide.
        assert_eq!(reply.assert_error(403, 21408).rule(), None, "{to}");
    }
    site.open_countries(&["GB"]).await;
    send(LONDON).await.assert_status(201);
    send(HAVANA).await.assert_error(403, 21408);
}

#[tokio::test]
async fn a_country_that_was_closed_meanwhile_is_not_sent_to() {
    let mut site = Site::idle().await;
    site.open_countries(&["GB"]).await;
    let fields = [("To", LONDON), ("From", OWN), ("Body", "x")];
    let abroad = sid(site.post(&site.app.owner, &fields).await.assert_status(201));
    let home = site.accepted(&site.app.owner, "x", &[]).await;
    edit_account(&site.app, site.app.owner.sid, |facts| facts.settings.countries.clear()).await;
    site.run();
    assert_eq!(site.wait_status(&site.app.owner, abroad, "failed").await["error_code"], 21408);
    site.wait_status(&site.app.owner, home, "sent").await;
    assert_eq!(site.carrier.taken().len(), 1);
}

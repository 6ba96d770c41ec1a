//! The designation truth table, one test per row.

use rulebook::designation::{Bits, Case, Clearance, Created, Origin, ParentDesignation, Path, outcome};

/// By request, before signing, not named, parent designated at signing: row L1.
const ORIGIN: Origin = Origin {
    path: Path::Support,
    parent: Some(ParentDesignation::AtSigning),
    created: Created::Before,
    named_in_agreement: false,
    inherit_self_service: false,
    confirmed: false,
};

fn untouched(origin: Origin) -> Bits {
    outcome(Case::Untouched(origin))
}

#[test]
fn des_inh_2__denies_l1_subaccount_that_existed_before_signing() {
    assert_eq!(untouched(ORIGIN), Bits::OFF);
}

#[test]
fn des_inh_2__allows_l2_subaccount_named_in_the_agreement() {
    assert_eq!(untouched(Origin { named_in_agreement: true, ..ORIGIN }), Bits::ON);
}

#[test]
fn des_inh_1__allows_l3_subaccount_created_after_signing() {
    assert_eq!(untouched(Origin { created: Created::After, ..ORIGIN }), Bits::ON);
}

#[test]
fn des_inh_3__allows_l4_named_subaccount_among_some() {
    let parent = Some(ParentDesignation::OnlySomeSubaccounts);
    assert_eq!(untouched(Origin { parent, named_in_agreement: true, ..ORIGIN }), Bits::ON);
}

#[test]
fn des_inh_3__denies_l5_unnamed_subaccount_among_some() {
    assert_eq!(
        untouched(Origin { parent: Some(ParentDesignation::OnlySomeSubaccounts), ..ORIGIN }),
        Bits::OFF
    );
}

#[test]
fn des_inh_3__denies_l6_later_subaccount_where_only_some_are_designated() {
    for named_in_agreement in [false, true] {
        let parent = Some(ParentDesignation::OnlySomeSubaccounts);
        assert_eq!(
            untouched(Origin { parent, created: Created::After, named_in_agreement, ..ORIGIN }),
            Bits::OFF
        );
    }
}

#[test]
fn des_inh_4__denies_l7_new_top_level_account() {
    assert_eq!(untouched(Origin { parent: None, created: Created::After, ..ORIGIN }), Bits::OFF);
    assert_eq!(untouched(Origin { parent: None, ..ORIGIN }), Bits::OFF);
}

#[test]
fn des_inh_4__allows_top_level_account_named_in_the_agreement() {
    assert_eq!(untouched(Origin { parent: None, named_in_agreement: true, ..ORIGIN }), Bits::ON);
}

#[test]
fn des_inh_1__denies_l8_subaccount_older_than_its_parents_request() {
    assert_eq!(untouched(Origin { parent: Some(ParentDesignation::LaterByRequest), ..ORIGIN }), Bits::OFF);
}

#[test]
fn des_inh_1__denies_phi_in_l9_until_confirmed() {
    let origin =
        Origin { parent: Some(ParentDesignation::LaterByRequest), created: Created::After, ..ORIGIN };
    assert_eq!(untouched(origin), Bits::GUARDED);
    assert_eq!(untouched(Origin { confirmed: true, ..origin }), Bits::ON);
}

#[test]
fn des_self_2__denies_s1_entitled_account_until_someone_acts() {
    // Row S2 (not entitled) ends in the same state; the guard refuses the act itself.
    for created in [Created::Before, Created::After] {
        for named_in_agreement in [false, true] {
            let origin =
                Origin { path: Path::SelfService, parent: None, created, named_in_agreement, ..ORIGIN };
            assert_eq!(untouched(origin), Bits::OFF);
        }
    }
    assert_eq!(outcome(Case::Designated { path: Path::SelfService, linked: true }), Bits::ON);
}

#[test]
fn des_inh_1__denies_s3_subaccount_older_than_its_parents_self_service() {
    let parent = Some(ParentDesignation::SelfService);
    assert_eq!(
        untouched(Origin {
            path: Path::SelfService,
            parent,
            inherit_self_service: true,
            confirmed: true,
            ..ORIGIN
        }),
        Bits::OFF
    );
}

#[test]
fn des_inh_1__denies_phi_in_s4_unless_switched_on_and_attested() {
    let origin = Origin {
        path: Path::SelfService,
        parent: Some(ParentDesignation::SelfService),
        created: Created::After,
        ..ORIGIN
    };
    for (inherit_self_service, confirmed, expected) in [
        (false, false, Bits::GUARDED),
        (true, false, Bits::GUARDED),
        (false, true, Bits::GUARDED),
        (true, true, Bits::ON),
    ] {
        assert_eq!(untouched(Origin { inherit_self_service, confirmed, ..origin }), expected);
    }
}

#[test]
fn des_self_2__denies_phi_in_s5_account_that_left_the_organization() {
    assert_eq!(outcome(Case::Designated { path: Path::SelfService, linked: false }), Bits::GUARDED);
    // An Organization plays no part on the other path.
    assert_eq!(outcome(Case::Designated { path: Path::Support, linked: false }), Bits::ON);
}

#[test]
fn des_sup_3__keeps_m1_designations_through_migration() {
    for before in [Bits::OFF, Bits::GUARDED, Bits::ON] {
        assert_eq!(outcome(Case::Migrated { before }), before);
    }
    // Inheritance from a parent designated at signing also outlives the move.
    assert_eq!(untouched(Origin { path: Path::SelfService, created: Created::After, ..ORIGIN }), Bits::ON);
}

#[test]
fn des_scope_1__keeps_x1_designation_while_phi_remains() {
    let done = Clearance { phi_remains: false, purge_report: true, signed: true };
    for before in [Bits::ON, Bits::GUARDED] {
        for clearance in [
            Clearance { phi_remains: true, ..done },
            Clearance { purge_report: false, ..done },
            Clearance { signed: false, ..done },
        ] {
            assert_eq!(outcome(Case::Undesignation { before, clearance }), before);
        }
        assert_eq!(outcome(Case::Undesignation { before, clearance: done }), Bits::OFF);
    }
}

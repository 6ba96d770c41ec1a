//! Who holds each North American area code: the table behind every "US numbers only" rule.
//!
//! Source: libphonenumber metadata 9.0.43 (region and state of every area code that it knows), plus two
//! special codes it leaves out: 700 (carrier services) and 710 (federal government). Rebuild the table when a
//! new area code opens; until then its numbers count as unassigned and are refused.
//! The rule judges digits only: a roaming or ported number stays where its area code is.

/// The holder of an area code. Countries are ISO 3166-1 alpha-2, states their postal letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AreaCode {
    /// One of the 50 states or the District of Columbia.
    State(&'static str),
    /// A US territory that the metadata treats as its own country: PR, VI, GU, AS, MP.
    Territory(&'static str),
    /// Free for the caller; shared by the whole plan, counted as the US.
    TollFree,
    /// Premium (900), personal (5XX) or special (7XX) service; counted as the US.
    Premium,
    /// Canada, the Caribbean and Bermuda.
    Country(&'static str),
}

use AreaCode::{Country, Premium, State, Territory, TollFree};

/// Every assigned area code with its holder, ascending.
#[rustfmt::skip]
pub const AREA_CODES: &[(u16, AreaCode)] = &[
    (201, State("NJ")), (202, State("DC")), (203, State("CT")), (204, Country("CA")), (205, State("AL")),
    (206, State("WA")), (207, State("ME")), (208, State("ID")), (209, State("CA")), (210, State("TX")),
    (212, State("NY")), (213, State("CA")), (214, State("TX")), (215, State("PA")), (216, State("OH")),
    (217, State("IL")), (218, State("MN")), (219, State("IN")), (220, State("OH")), (223, State("PA")),
    (224, State("IL")), (225, State("LA")), (226, Country("CA")), (227, State("MD")), (228, State("MS")),
    (229, State("GA")), (231, State("MI")), (234, State("OH")), (235, State("MO")), (236, Country("CA")),
    (239, State("FL")), (240, State("MD")), (242, Country("BS")), (246, Country("BB")), (248, State("MI")),
    (249, Country("CA")), (250, Country("CA")), (251, State("AL")), (252, State("NC")), (253, State("WA")),
    (254, State("TX")), (256, State("AL")), (257, Country("CA")), (260, State("IN")), (262, State("WI")),
    (263, Country("CA")), (264, Country("AI")), (267, State("PA")), (268, Country("AG")),
    (269, State("MI")), (270, State("KY")), (272, State("PA")), (273, Country("CA")), (274, State("WI")),
    (276, State("VA")), (279, State("CA")), (281, State("TX")), (283, State("OH")), (284, Country("VG")),
    (289, Country("CA")), (301, State("MD")), (302, State("DE")), (303, State("CO")), (304, State("WV")),
    (305, State("FL")), (306, Country("CA")), (307, State("WY")), (308, State("NE")), (309, State("IL")),
    (310, State("CA")), (312, State("IL")), (313, State("MI")), (314, State("MO")), (315, State("NY")),
    (316, State("KS")), (317, State("IN")), (318, State("LA")), (319, State("IA")), (320, State("MN")),
    (321, State("FL")), (323, State("CA")), (324, State("FL")), (325, State("TX")), (326, State("OH")),
    (327, State("AR")), (329, State("NY")), (330, State("OH")), (331, State("IL")), (332, State("NY")),
    (334, State("AL")), (336, State("NC")), (337, State("LA")), (339, State("MA")), (340, Territory("VI")),
    (341, State("CA")), (343, Country("CA")), (345, Country("KY")), (346, State("TX")), (347, State("NY")),
    (350, State("CA")), (351, State("MA")), (352, State("FL")), (353, State("WI")), (354, Country("CA")),
    (360, State("WA")), (361, State("TX")), (363, State("NY")), (364, State("KY")), (365, Country("CA")),
    (367, Country("CA")), (368, Country("CA")), (369, State("CA")), (380, State("OH")),
    (382, Country("CA")), (385, State("UT")), (386, State("FL")), (401, State("RI")), (402, State("NE")),
    (403, Country("CA")), (404, State("GA")), (405, State("OK")), (406, State("MT")), (407, State("FL")),
    (408, State("CA")), (409, State("TX")), (410, State("MD")), (412, State("PA")), (413, State("MA")),
    (414, State("WI")), (415, State("CA")), (416, Country("CA")), (417, State("MO")), (418, Country("CA")),
    (419, State("OH")), (423, State("TN")), (424, State("CA")), (425, State("WA")), (428, Country("CA")),
    (430, State("TX")), (431, Country("CA")), (432, State("TX")), (434, State("VA")), (435, State("UT")),
    (437, Country("CA")), (438, Country("CA")), (440, State("OH")), (441, Country("BM")),
    (442, State("CA")), (443, State("MD")), (445, State("PA")), (447, State("IL")), (448, State("FL")),
    (450, Country("CA")), (458, State("OR")), (463, State("IN")), (464, State("IL")), (468, Country("CA")),
    (469, State("TX")), (470, State("GA")), (472, State("NC")), (473, Country("GD")), (474, Country("CA")),
    (475, State("CT")), (478, State("GA")), (479, State("AR")), (480, State("AZ")), (484, State("PA")),
    (500, Premium), (501, State("AR")), (502, State("KY")), (503, State("OR")), (504, State("LA")),
    (505, State("NM")), (506, Country("CA")), (507, State("MN")), (508, State("MA")), (509, State("WA")),
    (510, State("CA")), (512, State("TX")), (513, State("OH")), (514, Country("CA")), (515, State("IA")),
    (516, State("NY")), (517, State("MI")), (518, State("NY")), (519, Country("CA")), (520, State("AZ")),
    (521, Premium), (522, Premium), (523, Premium), (524, Premium), (525, Premium), (526, Premium),
    (527, Premium), (528, Premium), (529, Premium), (530, State("CA")), (531, State("NE")), (532, Premium),
    (533, Premium), (534, State("WI")), (539, State("OK")), (540, State("VA")), (541, State("OR")),
    (544, Premium), (548, Country("CA")), (551, State("NJ")), (557, State("MO")), (559, State("CA")),
    (561, State("FL")), (562, State("CA")), (563, State("IA")), (564, State("WA")), (566, Premium),
    (567, State("OH")), (570, State("PA")), (571, State("VA")), (572, State("OK")), (573, State("MO")),
    (574, State("IN")), (575, State("NM")), (577, Premium), (579, Country("CA")), (580, State("OK")),
    (581, Country("CA")), (582, State("PA")), (584, Country("CA")), (585, State("NY")), (586, State("MI")),
    (587, Country("CA")), (588, Premium), (600, Country("CA")), (601, State("MS")), (602, State("AZ")),
    (603, State("NH")), (604, Country("CA")), (605, State("SD")), (606, State("KY")), (607, State("NY")),
    (608, State("WI")), (609, State("NJ")), (610, State("PA")), (612, State("MN")), (613, Country("CA")),
    (614, State("OH")), (615, State("TN")), (616, State("MI")), (617, State("MA")), (618, State("IL")),
    (619, State("CA")), (620, State("KS")), (622, Country("CA")), (623, State("AZ")), (626, State("CA")),
    (628, State("CA")), (629, State("TN")), (630, State("IL")), (631, State("NY")), (633, Country("CA")),
    (636, State("MO")), (639, Country("CA")), (640, State("NJ")), (641, State("IA")), (645, State("FL")),
    (646, State("NY")), (647, Country("CA")), (649, Country("TC")), (650, State("CA")), (651, State("MN")),
    (656, State("FL")), (657, State("CA")), (658, Country("JM")), (659, State("AL")), (660, State("MO")),
    (661, State("CA")), (662, State("MS")), (664, Country("MS")), (667, State("MD")), (669, State("CA")),
    (670, Territory("MP")), (671, Territory("GU")), (672, Country("CA")), (678, State("GA")),
    (680, State("NY")), (681, State("WV")), (682, State("TX")), (683, Country("CA")),
    (684, Territory("AS")), (686, State("VA")), (689, State("FL")), (700, Premium), (701, State("ND")),
    (702, State("NV")), (703, State("VA")), (704, State("NC")), (705, Country("CA")), (706, State("GA")),
    (707, State("CA")), (708, State("IL")), (709, Country("CA")), (710, Premium), (712, State("IA")),
    (713, State("TX")), (714, State("CA")), (715, State("WI")), (716, State("NY")), (717, State("PA")),
    (718, State("NY")), (719, State("CO")), (720, State("CO")), (721, Country("SX")), (724, State("PA")),
    (725, State("NV")), (726, State("TX")), (727, State("FL")), (728, State("FL")), (730, State("IL")),
    (731, State("TN")), (732, State("NJ")), (734, State("MI")), (737, State("TX")), (738, State("CA")),
    (740, State("OH")), (742, Country("CA")), (743, State("NC")), (747, State("CA")), (748, State("CO")),
    (753, Country("CA")), (754, State("FL")), (757, State("VA")), (758, Country("LC")), (760, State("CA")),
    (762, State("GA")), (763, State("MN")), (765, State("IN")), (767, Country("DM")), (769, State("MS")),
    (770, State("GA")), (771, State("DC")), (772, State("FL")), (773, State("IL")), (774, State("MA")),
    (775, State("NV")), (778, Country("CA")), (779, State("IL")), (780, Country("CA")), (781, State("MA")),
    (782, Country("CA")), (784, Country("VC")), (785, State("KS")), (786, State("FL")),
    (787, Territory("PR")), (800, TollFree), (801, State("UT")), (802, State("VT")), (803, State("SC")),
    (804, State("VA")), (805, State("CA")), (806, State("TX")), (807, Country("CA")), (808, State("HI")),
    (809, Country("DO")), (810, State("MI")), (812, State("IN")), (813, State("FL")), (814, State("PA")),
    (815, State("IL")), (816, State("MO")), (817, State("TX")), (818, State("CA")), (819, Country("CA")),
    (820, State("CA")), (821, State("SC")), (825, Country("CA")), (826, State("VA")), (828, State("NC")),
    (829, Country("DO")), (830, State("TX")), (831, State("CA")), (832, State("TX")), (833, TollFree),
    (835, State("PA")), (838, State("NY")), (839, State("SC")), (840, State("CA")), (843, State("SC")),
    (844, TollFree), (845, State("NY")), (847, State("IL")), (848, State("NJ")), (849, Country("DO")),
    (850, State("FL")), (854, State("SC")), (855, TollFree), (856, State("NJ")), (857, State("MA")),
    (858, State("CA")), (859, State("KY")), (860, State("CT")), (862, State("NJ")), (863, State("FL")),
    (864, State("SC")), (865, State("TN")), (866, TollFree), (867, Country("CA")), (868, Country("TT")),
    (869, Country("KN")), (870, State("AR")), (872, State("IL")), (873, Country("CA")),
    (876, Country("JM")), (877, TollFree), (878, State("PA")), (879, Country("CA")), (888, TollFree),
    (900, Premium), (901, State("TN")), (902, Country("CA")), (903, State("TX")), (904, State("FL")),
    (905, Country("CA")), (906, State("MI")), (907, State("AK")), (908, State("NJ")), (909, State("CA")),
    (910, State("NC")), (912, State("GA")), (913, State("KS")), (914, State("NY")), (915, State("TX")),
    (916, State("CA")), (917, State("NY")), (918, State("OK")), (919, State("NC")), (920, State("WI")),
    (925, State("CA")), (928, State("AZ")), (929, State("NY")), (930, State("IN")), (931, State("TN")),
    (934, State("NY")), (936, State("TX")), (937, State("OH")), (938, State("AL")), (939, Territory("PR")),
    (940, State("TX")), (941, State("FL")), (942, Country("CA")), (943, State("GA")), (945, State("TX")),
    (947, State("MI")), (948, State("VA")), (949, State("CA")), (951, State("CA")), (952, State("MN")),
    (954, State("FL")), (956, State("TX")), (959, State("CT")), (970, State("CO")), (971, State("OR")),
    (972, State("TX")), (973, State("NJ")), (975, State("MO")), (978, State("MA")), (979, State("TX")),
    (980, State("NC")), (983, State("CO")), (984, State("NC")), (985, State("LA")), (986, State("ID")),
    (989, State("MI")),];

/// The holder of an area code (200 to 999), or `None` when it is not assigned.
pub fn area_code(npa: u16) -> Option<AreaCode> {
    AREA_CODES.binary_search_by_key(&npa, |row| row.0).ok().map(|index| AREA_CODES[index].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted_without_duplicates() {
        assert!(AREA_CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn every_area_code_is_classified() {
        let (mut states, mut territories, mut toll_free, mut premium, mut countries, mut unassigned) =
            (0, 0, 0, 0, 0, 0);
        for npa in 200..=999 {
            match area_code(npa) {
                Some(State(_)) => states += 1,
                Some(Territory(_)) => territories += 1,
                Some(TollFree) => toll_free += 1,
                Some(Premium) => premium += 1,
                Some(Country(_)) => countries += 1,
                None => unassigned += 1,
            }
        }
        assert_eq!(
            (states, territories, toll_free, premium, countries, unassigned),
            (359, 6, 7, 19, 80, 329)
        );
    }

    #[test]
    fn all_fifty_states_and_the_capital_have_area_codes() {
        let mut states: Vec<&str> = AREA_CODES
            .iter()
            .filter_map(|row| match row.1 {
                State(state) => Some(state),
                _ => None,
            })
            .collect();
        states.sort_unstable();
        states.dedup();
        assert_eq!(states.len(), 51);
    }

    #[test]
    fn knows_the_famous_ones() {
        for (npa, expected) in [
            (415, Some(State("CA"))),
            (202, Some(State("DC"))),
            (907, Some(State("AK"))),
            (808, Some(State("HI"))),
            (204, Some(Country("CA"))),
            (876, Some(Country("JM"))),
            (787, Some(Territory("PR"))),
            (939, Some(Territory("PR"))),
            (340, Some(Territory("VI"))),
            (671, Some(Territory("GU"))),
            (684, Some(Territory("AS"))),
            (670, Some(Territory("MP"))),
            (800, Some(TollFree)),
            (833, Some(TollFree)),
            (900, Some(Premium)),
            (500, Some(Premium)),
            (700, Some(Premium)),
            (211, None),
            (911, None),
            (999, None),
            (0, None),
        ] {
            assert_eq!(area_code(npa), expected, "{npa}");
        }
    }
}

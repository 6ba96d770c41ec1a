//! Two cases measured beside each other: a shared machine is not the same from one minute to the next, and differs by
//! more than what is asked of the figures.

/// What came of several pairs of runs.
pub(crate) struct Pairs<T> {
    /// What the second case costs over the first, in percent: the median.
    pub(crate) cost: f64,
    /// The two runs with that cost.
    pub(crate) median: (T, T),
    /// All costs, for a note.
    pub(crate) costs: String,
}

/// Runs both cases `pairs` times (an odd number), in turn first. `cost` is what the second costs over the first.
pub(crate) fn alternate<T>(
    pairs: usize,
    mut first: impl FnMut() -> Result<T, String>,
    mut second: impl FnMut() -> Result<T, String>,
    cost: impl Fn(&T, &T) -> f64,
) -> Result<Pairs<T>, String> {
    let mut runs = Vec::new();
    for pair in 0..pairs {
        let (first, second) = match pair % 2 {
            0 => (first()?, second()?),
            _ => {
                let second = second()?;
                (first()?, second)
            }
        };
        runs.push((cost(&first, &second), first, second));
    }
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let costs: Vec<_> = runs.iter().map(|(cost, ..)| format!("{cost:.1} %")).collect();
    let (cost, first, second) = runs.swap_remove(pairs / 2);
    Ok(Pairs { cost, median: (first, second), costs: costs.join(", ") })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn the_median_pair_is_shown_and_each_case_is_first_in_turn() {
        let order = RefCell::new(String::new());
        let seconds = RefCell::new([130.0, 105.0, 110.0].into_iter());
        let first = || {
            order.borrow_mut().push('a');
            Ok(100.0)
        };
        let second = || {
            order.borrow_mut().push('b');
            seconds.borrow_mut().next().ok_or_else(String::new)
        };
        let pairs = alternate(3, first, second, |a, b| b - a).expect("three pairs");
        assert_eq!((pairs.cost, pairs.median), (10.0, (100.0, 110.0)));
        assert_eq!(pairs.costs, "5.0 %, 10.0 %, 30.0 %");
        assert_eq!(*order.borrow(), "abbaab");
    }
}

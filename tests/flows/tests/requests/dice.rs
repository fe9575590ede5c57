//! Chance that can be had again: the same seed throws the same.

/// Throws (splitmix64, as Steele, Lea and Flood published it in 2014).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the limit, which is not zero.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Whether something happens that happens so many times in a hundred.
    pub(crate) fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of them; `None` if there is none.
    pub(crate) fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(all.len()).ok().filter(|count| *count > 0)?;
        all.get(usize::try_from(self.below(count)).ok()?)
    }

    /// One of them, each as often as its weight says; the weights are not all zero.
    pub(crate) fn weighted<T: Copy>(&mut self, all: &[(u64, T)]) -> Option<T> {
        let sum: u64 = all.iter().map(|(weight, _)| weight).sum();
        let mut thrown = if sum == 0 { return None } else { self.below(sum) };
        for (weight, what) in all {
            if thrown < *weight {
                return Some(*what);
            }
            thrown -= weight;
        }
        None
    }
}

#[test]
fn the_same_seed_throws_the_same_and_another_seed_does_not() {
    let thrown = |seed| {
        let mut dice = Dice::new(seed);
        std::iter::repeat_with(|| dice.below(1_000)).take(20).collect::<Vec<_>>()
    };
    assert_eq!(thrown(7), thrown(7));
    assert_ne!(thrown(7), thrown(8));
}

#[test]
fn what_weighs_nothing_is_never_thrown() {
    let mut dice = Dice::new(1);
    for _ in 0..1_000 {
        assert_eq!(dice.weighted(&[(0, 'a'), (3, 'b'), (0, 'c')]), Some('b'));
    }
    assert_eq!(dice.weighted(&[(0, 'a')]), None);
    assert_eq!(dice.one_of::<char>(&[]), None);
}

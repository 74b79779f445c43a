//! A misspelt name -> the known names nearest to it.
//!
//! Damerau edit distance on short names; never more than three answers, ordered by distance and then by name.

/// Names within a third of their length, nearest first.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wanted: Vec<char> = word.chars().take(64).flat_map(char::to_lowercase).collect();
    let mut found: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|name| {
            let letters: Vec<char> = name.chars().take(64).collect();
            let far = distance(&wanted, &letters);
            let contained = word.len() >= 3 && (name.contains(word) || word.contains(name));
            (far <= (wanted.len().max(letters.len()) + 1) / 3 || contained).then_some((far, name))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

/// `nearest: a, b`, or nothing.
pub fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let names = nearest(word, known);
    if names.is_empty() { String::new() } else { format!("nearest: {}", names.join(", ")) }
}

/// Insertions, deletions, replacements and swaps of neighbours.
pub fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, one) in left.iter().enumerate() {
        let mut line = vec![row + 1; right.len() + 1];
        for (column, other) in right.iter().enumerate() {
            let mut cost = (above[column] + usize::from(one != other)).min(above[column + 1] + 1).min(line[column] + 1);
            if row > 0 && column > 0 && *one == right[column - 1] && left[row - 1] == *other {
                cost = cost.min(before[column - 1] + 1);
            }
            line[column + 1] = cost;
        }
        before = std::mem::replace(&mut above, line);
    }
    above[right.len()]
}

/// `distance` is at most one, told without a table: what the words share at both ends leaves one letter, or two that are swapped.
pub fn is_one_slip(left: &str, right: &str) -> bool {
    let shared = left.chars().zip(right.chars()).take_while(|(one, other)| one == other).map(|(one, _)| one.len_utf8()).sum();
    let (left, right) = (&left[shared..], &right[shared..]);
    let same_end = left.chars().rev().zip(right.chars().rev()).take_while(|(one, other)| one == other).map(|(one, _)| one.len_utf8());
    let shared: usize = same_end.sum();
    let rest = |text: &str| {
        let mut letters = text[..text.len() - shared].chars();
        (letters.next(), letters.next(), letters.next())
    };
    match (rest(left), rest(right)) {
        ((_, None, _), (_, None, _)) => true,
        ((Some(a), Some(b), None), (Some(c), Some(d), None)) => (a, b) == (d, c),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn one_slip_is_a_distance_of_one(left in "[abü]{0,6}", right in "[abü]{0,6}") {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(is_one_slip(&left, &right), distance(&letters(&left), &letters(&right)) <= 1);
        }
    }

    #[test]
    fn typos_find_their_name() {
        let known = ["host.facts", "host.restart_service", "host.disk_usage"];
        for (typed, expected) in [("host.fatcs", "host.facts"), ("host.disk_usag", "host.disk_usage")] {
            assert_eq!(nearest(typed, known).first().map(String::as_str), Some(expected), "{typed}");
        }
        assert!(nearest("weather", known).is_empty());
    }
}

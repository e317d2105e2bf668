//! Circles of a graph.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::tree::Edges;

/// The edges of each set of files that all reach each other.
pub(super) fn circles<'a>(edges: &Edges<'a>) -> Vec<Edges<'a>> {
    let mut next: BTreeMap<&Path, Vec<&Path>> = BTreeMap::new();
    for (from, to) in edges.keys() {
        next.entry(from).or_default().push(to);
    }
    let ahead: BTreeMap<&Path, BTreeSet<&Path>> = next
        .keys()
        .map(|file| (*file, reached(&next, file)))
        .collect();
    let reaches = |from: &Path, to: &Path| ahead.get(from).is_some_and(|files| files.contains(to));
    let mut found: BTreeMap<Vec<&Path>, Edges<'a>> = BTreeMap::new();
    for (&(from, to), names) in edges {
        if reaches(to, from) {
            let members = ahead[from].iter().copied();
            let members = members.filter(|file| reaches(file, from)).collect();
            let circle = found.entry(members).or_default();
            circle.insert((from, to), names.clone());
        }
    }
    found.into_values().collect()
}

fn reached<'a>(next: &BTreeMap<&Path, Vec<&'a Path>>, from: &Path) -> BTreeSet<&'a Path> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for to in next.get(file).into_iter().flatten() {
            if reached.insert(*to) {
                open.push(to);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_told_apart_and_what_hangs_on_them_is_left_out() {
        let pairs = ["ab", "bc", "ca", "cd", "de", "ed", "ef", "gh"];
        let edges: Edges<'_> = pairs
            .iter()
            .map(|pair| (Path::new(&pair[..1]), Path::new(&pair[1..])))
            .map(|pair| (pair, BTreeSet::new()))
            .collect();
        let found: Vec<Vec<_>> = circles(&edges)
            .iter()
            .map(|circle| {
                circle
                    .keys()
                    .map(|(a, b)| format!("{}{}", a.display(), b.display()))
            })
            .map(Iterator::collect)
            .collect();
        assert_eq!(found, [vec!["ab", "bc", "ca"], vec!["de", "ed"]]);
    }
}

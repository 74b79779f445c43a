//! Many byte strings -> one machine that finds all of them in one pass.
//!
//! Costs a step or two a byte whatever the secrets are, so no output can slow it down.
//!
//! Aho and Corasick, "Efficient string matching" (CACM, 1975).

use std::collections::{BTreeSet, VecDeque};

pub const ROOT: u32 = 0;

struct Node {
    /// Length of the prefix that this node stands for.
    depth: u32,
    /// The longest proper suffix of that prefix which is a prefix of another string.
    fail: u32,
    /// The longest string that ends here; zero: none.
    longest: u32,
    /// By byte, sorted.
    edges: Vec<(u8, u32)>,
}

pub struct Automaton {
    nodes: Vec<Node>,
    begins: [bool; 256],
}

impl Automaton {
    pub fn of(strings: &BTreeSet<Vec<u8>>) -> Self {
        let mut automaton = Self { nodes: vec![Node { depth: 0, fail: ROOT, longest: 0, edges: Vec::new() }], begins: [false; 256] };
        for string in strings.iter().filter(|string| !string.is_empty()) {
            automaton.add(string);
        }
        automaton.link();
        automaton
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.len() == 1
    }

    /// Some string begins with this byte.
    pub fn begins(&self, byte: u8) -> bool {
        self.begins[usize::from(byte)]
    }

    pub fn next(&self, mut node: u32, byte: u8) -> u32 {
        loop {
            if let Some(child) = self.child(node, byte) {
                return child;
            }
            if node == ROOT {
                return ROOT;
            }
            node = self.node(node).fail;
        }
    }

    pub fn depth(&self, node: u32) -> u32 {
        self.node(node).depth
    }

    pub fn longest(&self, node: u32) -> u32 {
        self.node(node).longest
    }

    fn node(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    fn child(&self, node: u32, byte: u8) -> Option<u32> {
        let edges = &self.node(node).edges;
        edges.binary_search_by_key(&byte, |edge| edge.0).ok().map(|at| edges[at].1)
    }

    fn add(&mut self, string: &[u8]) {
        self.begins[usize::from(string[0])] = true;
        let mut node = ROOT;
        for byte in string {
            node = self.child(node, *byte).unwrap_or_else(|| self.grow(node, *byte));
        }
        let node = &mut self.nodes[node as usize];
        node.longest = node.depth;
    }

    fn grow(&mut self, parent: u32, byte: u8) -> u32 {
        let new = u32::try_from(self.nodes.len()).expect("secrets take less than 4 GiB");
        let depth = self.node(parent).depth + 1;
        self.nodes.push(Node { depth, fail: ROOT, longest: 0, edges: Vec::new() });
        let edges = &mut self.nodes[parent as usize].edges;
        let at = edges.partition_point(|edge| edge.0 < byte);
        edges.insert(at, (byte, new));
        new
    }

    /// Breadth first, so that a node's suffix is always linked before the node.
    fn link(&mut self) {
        let mut queue = VecDeque::from([ROOT]);
        while let Some(parent) = queue.pop_front() {
            for (byte, child) in self.node(parent).edges.clone() {
                let fail = if parent == ROOT { ROOT } else { self.next(self.node(parent).fail, byte) };
                let inherited = self.node(fail).longest;
                let node = &mut self.nodes[child as usize];
                node.fail = fail;
                node.longest = node.longest.max(inherited);
                queue.push_back(child);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_longest_string_that_ends_at_each_byte() {
        let strings = ["he", "she", "hers", "ushe"].map(|text| text.as_bytes().to_vec());
        let automaton = Automaton::of(&BTreeSet::from(strings));
        let mut node = ROOT;
        let found: Vec<u32> = b"xushers"
            .iter()
            .map(|byte| {
                node = automaton.next(node, *byte);
                automaton.longest(node)
            })
            .collect();
        assert_eq!(found, [0, 0, 0, 0, 4, 0, 4]);
    }
}

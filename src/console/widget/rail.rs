//! A plan's graph -> rows with lanes, as git draws its history.
//!
//! Computed once per plan and independent of how the run goes; a frame draws a slice of the rows. Order: topological, the
//! plan's own order among equals, so nothing ever moves. A wide fan-out keeps one trunk lane, a wide fan-in one lane for
//! its target; what finds no lane is counted on its row, never silently left out.
//!
//! Idea: one row per commit with lanes to the left (git log --graph, sapling renderdag).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::console::glyph::side::{DOWN, LEFT, RIGHT, UP};
use crate::model::graph::Graph;
use crate::model::ids::StepIx;

/// More lanes than this are not readable beside text.
pub const LANES: usize = 8;
/// From this many dependents on, one trunk serves them all.
const FAN_FROM: usize = 4;

/// Sides of the line in each cell; lane `n` is column `2n`.
pub type Tiles = [u8; LANES * 2];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The step on this row and its column; `None` on rows that only connect.
    pub step: Option<(StepIx, u8)>,
    pub tiles: Tiles,
    /// Edges of this step that found no lane.
    pub undrawn: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rail {
    pub rows: Vec<Row>,
    /// Steps from top to bottom.
    pub order: Vec<StepIx>,
    /// Row of the n-th step of `order`.
    pub row_of: Vec<u32>,
    /// Place in `order` of each step of the plan.
    pub place: Vec<u32>,
    /// Columns in use.
    pub width: usize,
}

impl Rail {
    pub fn of(graph: &Graph) -> Self {
        let order = topological(graph);
        let mut place = vec![0; graph.len()];
        for (ix, at) in order.iter().zip(0_u32..) {
            place[ix.at()] = at;
        }
        let mut drawing = Drawing { graph, lanes: [Lane::Free; LANES], rows: Vec::with_capacity(order.len() * 2), widest: 0 };
        let mut row_of = Vec::with_capacity(order.len());
        for ix in &order {
            row_of.push(drawing.place(*ix));
        }
        Self { rows: drawing.rows, order, row_of, place, width: drawing.widest * 2 + 1 }
    }
}

/// Kahn's algorithm with the smallest plan index first. Steps on a cycle come last, in plan order: validation refuses
/// cycles, a screen must not lose steps.
fn topological(graph: &Graph) -> Vec<StepIx> {
    let mut open: Vec<usize> = graph.needs.iter().map(Vec::len).collect();
    let mut ready: BinaryHeap<Reverse<StepIx>> = graph.places().filter(|ix| open[ix.at()] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(graph.len());
    let mut done = vec![false; graph.len()];
    while let Some(Reverse(ix)) = ready.pop() {
        order.push(ix);
        done[ix.at()] = true;
        for dependent in &graph.dependents[ix.at()] {
            let edges = graph.needs[dependent.at()].iter().filter(|edge| edge.from == ix).count();
            open[dependent.at()] = open[dependent.at()].saturating_sub(edges);
            if open[dependent.at()] == 0 && !done[dependent.at()] {
                ready.push(Reverse(*dependent));
            }
        }
    }
    order.extend(graph.places().filter(|ix| !done[ix.at()]));
    order
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Free,
    /// Leads down to this step.
    To(StepIx),
    /// Trunk of a step with many dependents; so many are still to come.
    Fan(StepIx, u32),
}

/// How a lane takes part in a row that connects.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    Fresh,
    Known,
    Ends,
}

struct Drawing<'a> {
    graph: &'a Graph,
    lanes: [Lane; LANES],
    rows: Vec<Row>,
    widest: usize,
}

impl Drawing<'_> {
    fn place(&mut self, ix: StepIx) -> u32 {
        let incoming: Vec<usize> = (0..LANES).filter(|lane| self.lanes[*lane] == Lane::To(ix)).collect();
        let fans: Vec<usize> = (0..LANES).filter(|lane| self.feeds(*lane, ix)).collect();
        if let [first, rest @ ..] = incoming.as_slice()
            && !rest.is_empty()
        {
            self.merge(*first, rest);
        }
        let at = incoming.first().copied().or_else(|| self.free_after(fans.last().copied())).unwrap_or(LANES - 1);
        let crowded = incoming.is_empty() && self.lanes[at] != Lane::Free;
        let mut tiles = self.passing();
        let drawn_in = if crowded { 0 } else { fans.len() + usize::from(!incoming.is_empty()) };
        if !crowded {
            tiles[at * 2] = if incoming.is_empty() { 0 } else { UP };
            for fan in &fans {
                horizontal(&mut tiles, *fan, at);
            }
            self.lanes[at] = Lane::Free;
        }
        self.count_down(&mut tiles, &fans);
        let row = self.rows.len();
        self.rows.push(Row { step: Some((ix, u8::try_from(at * 2).unwrap_or(0))), tiles, undrawn: self.missing(ix, drawn_in) });
        self.widest = self.widest.max(at);
        let lost = if crowded { self.graph.dependents[ix.at()].len() } else { self.leave(row, at, ix, !fans.is_empty()) };
        self.rows[row].undrawn += u32::try_from(lost).unwrap_or(u32::MAX);
        u32::try_from(row).unwrap_or(u32::MAX)
    }

    fn feeds(&self, lane: usize, ix: StepIx) -> bool {
        matches!(self.lanes[lane], Lane::Fan(source, _) if self.graph.needs[ix.at()].iter().any(|edge| edge.from == source))
    }

    fn free_after(&self, lane: Option<usize>) -> Option<usize> {
        let from = lane.map_or(0, |lane| lane + 1);
        (from..LANES).chain(0..from).find(|lane| self.lanes[*lane] == Lane::Free)
    }

    /// Every lane in use goes through the row.
    fn passing(&self) -> Tiles {
        let mut tiles = [0; LANES * 2];
        for (lane, _) in self.lanes.iter().enumerate().filter(|(_, lane)| **lane != Lane::Free) {
            tiles[lane * 2] = UP | DOWN;
        }
        tiles
    }

    /// Lanes that lead to the same step join before its row.
    fn merge(&mut self, first: usize, rest: &[usize]) {
        let mut tiles = self.passing();
        for lane in rest {
            horizontal(&mut tiles, first, *lane);
            tiles[lane * 2] &= !DOWN;
            self.lanes[*lane] = Lane::Free;
        }
        self.rows.push(Row { step: None, tiles, undrawn: 0 });
    }

    /// One dependent fewer for each trunk; a trunk without any ends here.
    fn count_down(&mut self, tiles: &mut Tiles, fans: &[usize]) {
        for fan in fans {
            if let Lane::Fan(source, left) = self.lanes[*fan] {
                let ends = left <= 1;
                self.lanes[*fan] = if ends { Lane::Free } else { Lane::Fan(source, left - 1) };
                if ends {
                    tiles[fan * 2] &= !DOWN;
                }
            }
        }
    }

    /// A step with needs of which none is drawn says so. Edges lost at the other end are counted there.
    fn missing(&self, ix: StepIx, drawn: usize) -> u32 {
        u32::from(drawn == 0 && !self.graph.needs[ix.at()].is_empty())
    }

    /// Lanes for the dependents; returns how many found none.
    fn leave(&mut self, row: usize, at: usize, ix: StepIx, fed_by_fan: bool) -> usize {
        let dependents = self.graph.dependents[ix.at()].clone();
        if dependents.len() >= FAN_FROM {
            self.lanes[at] = Lane::Fan(ix, u32::try_from(dependents.len()).unwrap_or(u32::MAX));
            self.rows[row].tiles[at * 2] |= DOWN;
            return 0;
        }
        if let ([only], true) = (dependents.as_slice(), fed_by_fan)
            && let Some(lane) = self.right_of(at, *only)
        {
            let tiles = &mut self.rows[row].tiles;
            horizontal(tiles, at, lane);
            tiles[lane * 2] |= DOWN;
            self.lanes[lane] = Lane::To(*only);
            self.widest = self.widest.max(lane);
            return 0;
        }
        self.fork(row, at, &dependents)
    }

    /// A lane to the right that leads there, or a free one with nothing between.
    fn right_of(&self, at: usize, target: StepIx) -> Option<usize> {
        let next = at + 1;
        let there = (next..LANES).find(|lane| self.lanes[*lane] == Lane::To(target));
        there.or_else(|| (next < LANES && self.lanes[next] == Lane::Free).then_some(next))
    }

    fn fork(&mut self, row: usize, at: usize, dependents: &[StepIx]) -> usize {
        let mut joins = Vec::new();
        let mut lost = 0;
        for dependent in dependents {
            let known = (0..LANES).find(|lane| self.lanes[*lane] == Lane::To(*dependent));
            let fresh = || if self.lanes[at] == Lane::Free { Some(at) } else { self.free_after(Some(at)) };
            match (known, known.or_else(fresh)) {
                // Joined lanes go on in the left one.
                (Some(right), _) if right > at && self.lanes[at] == Lane::Free => {
                    joins.push((at, Join::Fresh));
                    joins.push((right, Join::Ends));
                    self.lanes[at] = Lane::To(*dependent);
                }
                (known, Some(lane)) => {
                    joins.push((lane, if known.is_some() { Join::Known } else { Join::Fresh }));
                    self.lanes[lane] = Lane::To(*dependent);
                }
                (_, None) => lost += 1,
            }
        }
        let ended = joins.iter().filter(|(_, join)| *join == Join::Ends).map(|(lane, _)| *lane);
        let ended: Vec<usize> = ended.collect();
        if !joins.is_empty() {
            self.rows[row].tiles[at * 2] |= DOWN;
        }
        if joins.iter().any(|(lane, _)| *lane != at) {
            self.connect(at, &joins);
        }
        for lane in ended {
            self.lanes[lane] = Lane::Free;
        }
        lost
    }

    fn connect(&mut self, at: usize, joins: &[(usize, Join)]) {
        let mut tiles = self.passing();
        tiles[at * 2] = UP;
        for (lane, join) in joins {
            self.widest = self.widest.max(*lane);
            if *lane == at {
                tiles[at * 2] |= DOWN;
                continue;
            }
            match join {
                Join::Fresh => tiles[lane * 2] = (tiles[lane * 2] & !UP) | DOWN,
                Join::Known => {}
                Join::Ends => tiles[lane * 2] &= !DOWN,
            }
            horizontal(&mut tiles, at, *lane);
        }
        self.rows.push(Row { step: None, tiles, undrawn: 0 });
    }
}

fn horizontal(tiles: &mut Tiles, one: usize, other: usize) {
    let (left, right) = (one.min(other) * 2, one.max(other) * 2);
    tiles[left] |= RIGHT;
    tiles[right] |= LEFT;
    for tile in &mut tiles[left + 1..right] {
        *tile |= LEFT | RIGHT;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::console::glyph;
    use crate::model::plan::Plan;

    fn graph(steps: &[(&str, &[&str])]) -> Graph {
        let steps: Vec<serde_json::Value> = steps
            .iter()
            .map(|(id, needs)| {
                let needs: Vec<_> = needs.iter().map(|need| serde_json::json!({ "step": need })).collect();
                serde_json::json!({ "id": id, "operation": "host.facts", "params": {}, "effect": "read", "low_risk": false, "repeat": "pure",
                    "needs": needs, "critical": true, "approval": false, "timeout_ms": 1000, "action": { "kind": "unbound", "hint": "" } })
            })
            .collect();
        let plan: Plan = serde_json::from_value(serde_json::json!({
            "digest": "0".repeat(64), "revision": 1, "title": "t", "intent": "t", "source": { "kind": "intent" },
            "approval_required": false, "steps": steps,
        }))
        .expect("a plan");
        Graph::of(Arc::new(plan))
    }

    fn drawn(graph: &Graph) -> String {
        let rail = Rail::of(graph);
        let mut out = String::from("\n");
        for row in &rail.rows {
            let mut line: String = row.tiles.iter().map(|tile| glyph::line(*tile)).collect();
            if let Some((ix, column)) = row.step {
                let name = graph.step(ix).id.as_str();
                line = line.chars().enumerate().map(|(at, c)| if at == usize::from(column) { '●' } else { c }).collect();
                line = format!("{} {name}", line.chars().take(rail.width).collect::<String>());
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    #[test]
    fn shapes_that_operators_know() {
        let diamond: &[(&str, &[&str])] = &[
            ("pre", &[]),
            ("snap", &["pre"]),
            ("drain", &["pre"]),
            ("migrate", &["snap"]),
            ("deploy", &["migrate", "drain"]),
            ("notify", &["deploy"]),
        ];
        assert_eq!(
            drawn(&graph(diamond)),
            "
●   pre
├─╮
● │ snap
│ ● drain
● │ migrate
├─╯
●   deploy
●   notify
"
        );
        let fan: &[(&str, &[&str])] = &[
            ("pre", &[]),
            ("a", &["pre"]),
            ("b", &["pre"]),
            ("c", &["pre"]),
            ("d", &["pre"]),
            ("join", &["a", "b", "c", "d"]),
            ("alone", &[]),
        ];
        assert_eq!(
            drawn(&graph(fan)),
            "
●     pre
├─●─╮ a
├─●─┤ b
├─●─┤ c
╰─●─┤ d
    ● join
●     alone
"
        );
    }

    fn dag() -> impl Strategy<Value = Vec<Vec<usize>>> {
        prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..5), 1..40).prop_map(|steps| {
            let pick = |(at, needs): (usize, Vec<prop::sample::Index>)| {
                let mut chosen: Vec<usize> = if at == 0 { Vec::new() } else { needs.iter().map(|need| need.index(at)).collect() };
                chosen.sort_unstable();
                chosen.dedup();
                chosen
            };
            steps.into_iter().enumerate().map(pick).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn every_line_goes_on_and_every_step_has_one_row(needs in dag()) {
            let names: Vec<String> = (0..needs.len()).map(|at| format!("s{at}")).collect();
            let needed: Vec<Vec<&str>> = needs.iter().map(|list| list.iter().map(|at| names[*at].as_str()).collect()).collect();
            let steps: Vec<(&str, &[&str])> = names.iter().zip(&needed).map(|(name, list)| (name.as_str(), list.as_slice())).collect();
            let graph = graph(&steps);
            let rail = Rail::of(&graph);
            let steps_drawn: Vec<StepIx> = rail.rows.iter().filter_map(|row| Some(row.step?.0)).collect();
            prop_assert_eq!(&steps_drawn, &rail.order);
            prop_assert_eq!(rail.order.len(), graph.len());
            for pair in rail.rows.windows(2) {
                for column in 0..LANES * 2 {
                    prop_assert_eq!(pair[0].tiles[column] & DOWN != 0, pair[1].tiles[column] & UP != 0, "{}", drawn(&graph));
                }
            }
            for row in &rail.rows {
                for column in 1..LANES * 2 {
                    prop_assert_eq!(row.tiles[column - 1] & RIGHT != 0, row.tiles[column] & LEFT != 0, "{}", drawn(&graph));
                }
            }
        }
    }
}

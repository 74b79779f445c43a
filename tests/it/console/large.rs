//! A plan of 100,000 steps: laid out once, and a frame costs what is visible.

use std::sync::Arc;
use std::time::Instant;

use ouioe::console::screen::{Bracket, Screen};
use ouioe::console::widget::rail::Rail;
use ouioe::model::graph::Graph;
use ouioe::model::plan::{Need, NeedKind, When};
use ouioe::model::time::Millis;

use ratatui::layout::Rect;

use super::world::{Desk, Engine, failing, plan, text_of};

/// Chains of ten below one wide fan, as a fleet roll-out is.
fn fleet(steps: usize) -> ouioe::model::plan::Plan {
    let mut large = plan("fleet", &["start: | read host.facts h"]);
    let first = large.steps[0].clone();
    for at in 1..steps {
        let mut step = first.clone();
        step.id = format!("s{at}").as_str().into();
        let before = if at % 10 == 1 { "start".into() } else { format!("s{}", at - 1).as_str().into() };
        step.needs = vec![Need { step: before, when: When::Success, kind: NeedKind::Completion }];
        large.steps.push(step);
    }
    large
}

/// What goes over the line: nothing for nothing, little for little (DESIGN 13).
#[test]
fn frames_cost_few_bytes() {
    let (engine, _) = failing();
    let mut desk = Desk::new(&engine.state, (120, 40));
    desk.press("␛");
    desk.press("\r");
    let mut screen = Screen::new(Rect::new(0, 0, 120, 40), Bracket::Off);
    let first = screen.frame(desk.frame(), None).len();
    assert!(first < 12_000, "{first}");
    assert_eq!(screen.frame(desk.frame(), None).len(), 0);
    desk.app.size = (80, 24);
    let mut screen = Screen::new(Rect::new(0, 0, 80, 24), Bracket::Off);
    screen.frame(desk.frame(), None);
    // From a step with output to one that wrote nothing: its rows go to the plan.
    desk.press("k");
    let moved = screen.frame(desk.frame(), None).len();
    assert!(moved <= 500, "{moved} bytes for a cursor move that changes the layout at 80x24");
    desk.press("k");
    let moved = screen.frame(desk.frame(), None).len();
    assert!(moved <= 350, "{moved} bytes for a cursor move at 80x24");
}

#[test]
fn a_frame_costs_what_is_visible() {
    let small = Arc::new(fleet(1_000));
    let large = Arc::new(fleet(100_000));
    let begun = Instant::now();
    let rail = Rail::of(&Graph::of(large.clone()));
    println!("layout of 100,000 steps: {:?}", begun.elapsed());
    assert_eq!(rail.order.len(), 100_000);
    let cost = |plan: &Arc<ouioe::model::plan::Plan>| {
        let mut desk = Desk::new(&Engine::new().state, (120, 40));
        desk.propose(plan);
        desk.look();
        desk.press("G");
        assert!(text_of(&desk.frame()).contains(&format!("s{}", plan.steps.len() - 1)));
        let begun = Instant::now();
        for _ in 0..20 {
            desk.press("\x1b[A");
            desk.frame();
            desk.pass(Millis(1));
        }
        begun.elapsed() / 20
    };
    let (few, many) = (cost(&small), cost(&large));
    println!("a frame and a key: {few:?} at 1,000 steps, {many:?} at 100,000");
    // Not a time limit but a ratio: a hundred times the steps may not cost ten times as much.
    assert!(many < few * 10, "{few:?} -> {many:?}");
}

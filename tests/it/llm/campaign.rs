//! A real llama.cpp server with random weights as a fuzzer: its plans fit the schema and mean nothing.
//!
//! Runs where `OUIOE_TEST_LLM_URL` names such a server (`OUIOE_TEST_LLM_SEEDS` seeds, else 5), and says so where none is.

use ouioe::model::outcome::PlanOutcome;
use ouioe::model::settings::{LlmKind, LlmSettings};
use serde_json::{Map, Value, json};

use super::{ODD, improve, settings};

/// Blanks, control bytes and bytes beyond ASCII, which random weights write without end: byte b is token b + 3.
fn bias() -> Map<String, Value> {
    let bytes = (0..=32_u32).chain(127..=255).map(|byte| byte + 3).chain([259]);
    bytes.map(|token| (token.to_string(), json!(-100))).collect()
}

#[test]
fn random_weights_cause_no_panic_and_always_a_sentence() {
    let Ok(url) = std::env::var("OUIOE_TEST_LLM_URL") else {
        eprintln!("SKIPPED: OUIOE_TEST_LLM_URL names no llama.cpp server with random weights");
        return;
    };
    let seeds: u64 = std::env::var("OUIOE_TEST_LLM_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let (mut sound, mut unsound, mut failed) = (0, 0, 0);
    let mut codes = std::collections::BTreeMap::<String, u32>::new();
    for seed in 1..=seeds {
        // Random letters never come to an end by themselves: the same schema with bounds.
        let short = json!({"maxLength": 14});
        let param = json!({"items": {"properties": {"value": short}}, "maxItems": 4});
        let step = json!({"properties": {"params": param, "needs": {"maxItems": 2}}});
        let bounded = json!({"properties": {"reason": short, "steps": {"items": step, "minItems": 1, "maxItems": 3}}});
        let format = json!({"json_schema": {"schema": bounded}});
        let extra = json!({"response_format": format, "seed": seed, "temperature": 1.0, "max_tokens": 1_600, "logit_bias": bias(), "cache_prompt": true});
        let settings = LlmSettings { extra: extra.to_string(), ..settings(LlmKind::Openai, &url) };
        let (standing, found) = improve(&settings, None, ODD);
        assert!(matches!(standing, PlanOutcome::Clarify { .. }), "what stands stands");
        let line = found.line();
        assert!(!line.is_empty() && ouioe::text::safe(&line) == line, "{line:?}");
        for problem in &found.problems {
            assert!(!problem.code.is_empty() && !problem.message.is_empty() && !problem.origin.is_empty(), "{problem:?}");
            *codes.entry(problem.code.clone()).or_default() += 1;
        }
        match (&found.plan, found.usage.rounds) {
            (Some(plan), _) => {
                assert!(
                    plan.steps.iter().all(|step| step.effect == ouioe::model::catalogue::EffectClass::Read || step.approval),
                    "{plan:?}"
                );
                sound += 1;
            }
            (None, 0) => failed += 1,
            (None, _) => unsound += 1,
        }
        println!("{seed}: {line}");
    }
    println!("{seeds} seeds: {sound} sound, {unsound} unsound or nothing, {failed} without an answer; {codes:?}");
    assert!(failed < seeds, "no answer at all is no test");
}

//! The conformance report: the page, the JSON and the XML say what the summary says.

use std::fs::read_to_string;

use bimetal_spec_tests::source::{self, Script};
use bimetal_spec_tests::{Conformance, Report, Tier, run};

const GOOD: &str = r#"(module (func (export "one") (result i32) i32.const 1))
(assert_return (invoke "one") (i32.const 1))
(assert_invalid (module (func (result i32))) "type mismatch")
"#;

/// The third line is wrong, with characters that mean something in markup.
const BAD: &str = r#"(module (func (export "<one> & 'two'") (result i32) i32.const 1))
(assert_return (invoke "<one> & 'two'") (i32.const 1))
  (assert_return (invoke "<one> & 'two'") (i32.const 2))
(assert_return (invoke "none") (i32.const 2))
"#;

/// The scripts in a folder of their own, run on every tier.
fn run_folder() -> (Vec<Script>, Vec<Report>) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("suite");
    std::fs::create_dir_all(root.join("gc")).unwrap();
    std::fs::write(root.join("good.wast"), GOOD).unwrap();
    std::fs::write(root.join("gc/bad.wast"), BAD).unwrap();
    let scripts = source::collect(&[root]).unwrap();
    let reports = Tier::all().iter().map(|tier| run(&scripts, tier, 1)).collect();
    (scripts, reports)
}

#[test]
fn the_page_names_each_failure_with_its_place_and_needs_nothing_from_elsewhere() {
    let (scripts, reports) = run_folder();
    let report = Conformance::new(&reports, &scripts);
    let page = bimetal_spec_tests::conformance::html::page(&report);
    let tiers: Vec<&str> = Tier::all().iter().map(|tier| tier.name).collect();
    assert_eq!(report.failures.len(), 2);
    for finding in &report.failures {
        assert_eq!(finding.tiers, tiers);
        assert!(page.contains(&format!("gc/bad.wast:{}</code>", finding.line)), "{page}");
    }
    let line = "(assert_return (invoke &quot;&lt;one&gt; &amp; &#39;two&#39;&quot;) (i32.const 2))";
    assert!(page.contains(&format!("<pre>{line}</pre>")), "{page}");
    let cell = "<td class=\"bad\">1 / 3, 2 failed</td>";
    assert!(page.contains(&format!("<tr><td>bad.wast</td>{}", cell.repeat(tiers.len()))), "{page}");
    assert!(page.contains(&format!("<tr><td>suite/gc</td>{}", cell.repeat(tiers.len()))), "{page}");
    for outside in ["http:", "https:", "src=", "href=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn the_totals_of_the_json_are_those_of_the_summary() {
    let (scripts, reports) = run_folder();
    let json = bimetal_spec_tests::conformance::json::value(&Conformance::new(&reports, &scripts));
    let sum = |tier: &serde_json::Value, by: &str, key: &str| -> u64 {
        let parts = tier[by].as_object().unwrap().values();
        parts.map(|counts| counts[key].as_u64().unwrap()).sum()
    };
    for report in &reports {
        let tier = &json["tiers"][&report.tier];
        let total = |key: &str| {
            let total = tier["totals"][key].as_u64().unwrap();
            for by in ["files", "folders", "kinds"] {
                assert_eq!(sum(tier, by, key), total, "{by} {key}");
            }
            total
        };
        let summary = format!(
            "tier={} files={} assertions={} passed={} failed={} unsupported={}",
            report.tier,
            tier["files"].as_object().unwrap().len(),
            total("assertions"),
            total("passed"),
            total("failed"),
            total("unsupported"),
        );
        assert_eq!(summary, report.summary());
    }
    assert_eq!(json["failures"][0]["line"], 3);
    assert_eq!(json["failures"][0]["directive"], "assert_return");
    assert_eq!(json["failures"][1]["reason"], "there is no function `none`");
}

#[test]
fn the_xml_is_well_formed_and_counts_its_test_cases() {
    let (scripts, reports) = run_folder();
    let report = Conformance::new(&reports, &scripts);
    let text = bimetal_spec_tests::conformance::junit::document(&report);
    let document = roxmltree::Document::parse(&text).unwrap();
    let count = |node: roxmltree::Node<'_, '_>, name: &str| {
        node.descendants().filter(|child| child.has_tag_name(name)).count().to_string()
    };
    let root = document.root_element();
    let suites = root.children().filter(|child| child.has_tag_name("testsuite"));
    // One for each script and tier.
    assert_eq!(suites.clone().count(), 2 * Tier::all().len());
    for node in suites.chain([root]) {
        assert_eq!(node.attribute("tests"), Some(&*count(node, "testcase")));
        assert_eq!(node.attribute("failures"), Some(&*count(node, "failure")));
        assert_eq!(node.attribute("skipped"), Some(&*count(node, "skipped")));
    }
    assert_eq!(root.attribute("failures"), Some(&*(2 * Tier::all().len()).to_string()));
    let failure = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
    let message = failure.attribute("message").unwrap();
    assert!(message.contains("gc/bad.wast:3: assert_return: returned (i32 1)"), "{message}");
}

#[test]
fn what_is_not_supported_is_listed_with_its_reason() {
    let text = "(module (memory 1 1 shared))\n(assert_return (invoke \"f\"))\n";
    let script = Script { name: "core/threads.wast".into(), text: text.into() };
    let (scripts, tier) = ([script], &Tier::all()[0]);
    let mut reports = [run(&scripts, tier, 1)];
    // Whatever the engine supports by now: this is about what it does not.
    for record in &mut reports[0].files[0].records {
        record.outcome = bimetal_spec_tests::outcome::Outcome::Unsupported("no <threads>".into());
    }
    let report = Conformance::new(&reports, &scripts);
    let page = bimetal_spec_tests::conformance::html::page(&report);
    assert!(page.contains("<code>core/threads.wast:2</code> <code>assert_return</code>"), "{page}");
    assert!(
        page.contains("no &lt;threads&gt;") && page.contains("0 / 1, 1 not supported"),
        "{page}"
    );
    assert!(report.failures.is_empty());
}

#[test]
fn all_three_files_are_written_into_a_folder_that_is_made() {
    let (scripts, reports) = run_folder();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("new/report");
    Conformance::new(&reports, &scripts).write(&target).unwrap();
    assert!(read_to_string(target.join("index.html")).unwrap().ends_with("</html>\n"));
    assert!(read_to_string(target.join("junit.xml")).unwrap().ends_with("</testsuites>\n"));
    let json = read_to_string(target.join("report.json")).unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
}

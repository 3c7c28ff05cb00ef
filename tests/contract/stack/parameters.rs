//! The table of parameters in `docs/DEPLOYMENT_CHECKLIST.md`, from `template.yaml`.

use super::super::{derived, root};

const PAGE: &str = "docs/DEPLOYMENT_CHECKLIST.md";
/// What stands before and after the table.
const MARKS: [&str; 2] = [
    "<!-- parameters of template.yaml -->\n",
    "<!-- end of parameters -->",
];

/// One parameter of the root stack.
#[derive(Debug, Default, PartialEq)]
struct Parameter {
    name: String,
    default: String,
    about: String,
}

/// The parameters of a template that is written as ours: two spaces, one member a line.
fn parameters(template: &str) -> Vec<Parameter> {
    let lines = template
        .lines()
        .skip_while(|line| *line != "Parameters:")
        .skip(1);
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with(' '));
    let mut found: Vec<Parameter> = Vec::new();
    for line in lines {
        let text = line.trim();
        if let Some(name) = line
            .strip_prefix("  ")
            .filter(|rest| !rest.starts_with(' '))
        {
            let name = name.trim_end_matches(':').to_owned();
            found.push(Parameter {
                name,
                ..Parameter::default()
            });
            continue;
        }
        let Some(parameter) = found.last_mut() else {
            continue;
        };
        if let Some(value) = text.strip_prefix("Default: ") {
            value.trim_matches('"').clone_into(&mut parameter.default);
        } else if let Some(value) = text.strip_prefix("Description: ") {
            let value = value.trim_matches('"');
            value
                .trim_start_matches(">-")
                .clone_into(&mut parameter.about);
        } else if line.starts_with("      ") {
            let gap = if parameter.about.is_empty() { "" } else { " " };
            parameter.about += &format!("{gap}{text}");
        }
    }
    found
}

fn table(template: &str) -> String {
    let mut out =
        String::from("\n| Parameter | Default | What it is, what it costs, what it opens |\n");
    out += "|---|---|---|\n";
    for one in parameters(template) {
        let default = match one.default.as_str() {
            "" => "empty".to_owned(),
            text => format!("`{text}`"),
        };
        let about = one.about.replace('|', "\\|");
        out += &format!("| `{}` | {default} | {about} |\n", one.name);
    }
    out + "\n"
}

#[test]
fn the_table_of_parameters_is_that_of_the_template() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).expect("readable");
    let (template, page) = (read("template.yaml"), read(PAGE));
    let (head, rest) = page.split_once(MARKS[0]).expect("a mark before the table");
    let (_, tail) = rest.split_once(MARKS[1]).expect("a mark after the table");
    assert!(
        parameters(&template).len() >= 10,
        "the parameters were not found"
    );
    derived(
        PAGE,
        &format!("{head}{}{}{}{tail}", MARKS[0], table(&template), MARKS[1]),
    );
}

#[test]
fn parameters_are_read_with_their_folded_texts() {
    let lines = [
        "Parameters:",
        "  Days:",
        "    Type: Number",
        "    Default: 30",
        "    Description: >-",
        "      Days. Cost: none.",
        "      Security: none.",
        "",
        "Resources:",
        "  Other:",
    ];
    let wanted = Parameter {
        name: "Days".into(),
        default: "30".into(),
        about: "Days. Cost: none. Security: none.".into(),
    };
    assert_eq!(parameters(&lines.join("\n")), [wanted]);
}

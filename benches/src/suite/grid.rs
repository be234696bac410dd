//! A table of text, as Markdown and as HTML: what stands in its cells is said once.

use std::fmt::Write as _;

/// A table with a row of headings.
pub(super) struct Grid {
    /// What it is about.
    pub(super) title: String,
    /// The headings.
    pub(super) head: Vec<String>,
    /// The rows.
    pub(super) rows: Vec<Vec<String>>,
}

impl Grid {
    /// An empty table.
    pub(super) fn new(title: &str, head: impl IntoIterator<Item = impl Into<String>>) -> Grid {
        let head = head.into_iter().map(Into::into).collect();
        Grid { title: title.to_owned(), head, rows: Vec::new() }
    }

    /// As Markdown, with its title above.
    pub(super) fn markdown(&self) -> String {
        let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut text = format!("{}\n\n{}", self.title, row(&self.head));
        text += &format!("|{}\n", "---|".repeat(self.head.len()));
        self.rows.iter().for_each(|cells| text += &row(cells));
        text
    }

    /// As HTML, with its title above.
    pub(super) fn html(&self) -> String {
        let cells = |tag: &str, cells: &[String]| {
            cells.iter().fold(String::new(), |mut row, cell| {
                let _ = write!(row, "<{tag}>{}</{tag}>", escape(cell));
                row
            })
        };
        let mut text = format!("<h2>{}</h2>\n<div class=\"wide\"><table>", escape(&self.title));
        let _ = writeln!(text, "<tr>{}</tr>", cells("th", &self.head));
        for row in &self.rows {
            let _ = writeln!(text, "<tr>{}</tr>", cells("td", row));
        }
        text + "</table></div>\n"
    }
}

/// What text is in HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_the_same_in_both_formats() {
        let mut grid = Grid::new("Numbers", ["name", "value"]);
        grid.rows.push(vec!["a < b".to_owned(), "1".to_owned()]);
        assert_eq!(grid.markdown(), "Numbers\n\n| name | value |\n|---|---|\n| a < b | 1 |\n");
        assert!(grid.html().contains("<tr><td>a &lt; b</td><td>1</td></tr>"), "{}", grid.html());
    }
}

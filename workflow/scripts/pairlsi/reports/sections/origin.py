"""Where these results come from."""

from pairlsi.reports.sections import Section


class Origin(Section):
    """The effective settings, versions and commit."""

    label = "Where these results come from"
    description = "The effective settings of the experiment, and the versions and commit that made the report."

    def show(self):
        from pairlsi.reports.display import show_text

        show_text("The effective settings of the experiment, and the versions and commit that made the report.")
        show_text("```yaml\n" + (self.results.results / "settings.yaml").read_text(encoding="utf-8") + "```")

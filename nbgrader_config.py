"""nbgrader's wiring: where its folders are, and which of its hooks Gradus plugs into.

nbgrader itself is used as it is. ``solutions/`` stays outside its folders on purpose: whatever lies in its source
directory is released to students.
"""

from pathlib import Path

from autograder.nbgrader_hooks import gate, release

gate.install()

c = get_config()  # noqa: F821  (nbgrader provides it)

c.CourseDirectory.course_id = "gradus"
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.source_directory = "course/source"
c.CourseDirectory.release_directory = "notebooks"
c.CourseDirectory.submitted_directory = "course/submitted"
c.CourseDirectory.autograded_directory = "course/autograded"
c.CourseDirectory.feedback_directory = "course/feedback"
c.CourseDirectory.solution_directory = "course/solution"
c.CourseDirectory.db_url = f"sqlite:///{Path(__file__).resolve().parent / 'course' / 'gradebook.db'}"

c.ClearSolutions.code_stub = {"python": "# Your answer replaces the next line.\nraise NotImplementedError"}
c.ClearSolutions.text_stub = "*Write your answer here, in place of this line.*"

c.GenerateAssignment.preprocessors = release.STEPS
c.Autograde.sanitize_preprocessors = [
    "autograder.nbgrader_hooks.sanitizing.CarryAnswers",
    "nbgrader.preprocessors.ClearOutput",
    "autograder.nbgrader_hooks.markup.SanitizeMarkup",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "autograder.nbgrader_hooks.execution.JudgedExecute",
    "nbgrader.preprocessors.IgnorePattern",
    "nbgrader.preprocessors.LimitOutput",
    "autograder.nbgrader_hooks.grades.SaveLedgerGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.GenerateFeedback.preprocessors = ["autograder.nbgrader_hooks.feedback.FeedbackGrades"]
c.GenerateFeedback.exporter_class = "autograder.nbgrader_hooks.feedback.FeedbackExporter"

c.JudgedExecute.timeout = 60
c.JudgedExecute.notebook_timeout = 600

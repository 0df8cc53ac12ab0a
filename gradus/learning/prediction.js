// The form of a prediction: sends what was answered, and shows what the kernel makes of it.

const PATIENCE = 1500; // milliseconds
const WAITING = "No answer from the notebook yet. If a cell is running, your prediction is kept as soon as it has ended. "
  + "If the kernel was restarted, run this cell again.";
const KEPT = "Your prediction is kept. Run this cell once more, and the one with the outcome, to see it there, too.";

function render({ model, el }) {
  let sent = false, timer = 0;
  const cell = () => el.closest(".jp-Cell")?.focus();
  const note = (text) => { el.querySelector(".gradus-note").textContent = text; };
  const later = (text) => { clearTimeout(timer); timer = setTimeout(() => el.isConnected && note(text), PATIENCE); };

  function show() {
    el.innerHTML = model.get("html");
    const form = el.querySelector("form");
    if (!form) {
      // The cell itself shows the prediction now, unless the page was loaded anew after the cell was run.
      el.insertAdjacentHTML("beforeend", '<p class="gradus-note" role="status"></p>');
      later(KEPT);
      if (sent) cell();
      return;
    }
    // JupyterLab moves from cell to cell by the arrow keys, and these belong to the options here; Ctrl+S stays its own.
    const ours = (event) => event.key === "Enter" || !(event.ctrlKey || event.metaKey);
    const keep = (event) => ours(event) && event.stopPropagation();
    for (const kind of ["keydown", "keypress", "keyup"]) form.addEventListener(kind, keep);
    form.addEventListener("keydown", (event) => { if (event.key === "Escape") cell(); });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = new FormData(form), all = form.querySelector(".gradus-all");
      const names = [...new Set([...form.querySelectorAll("input")].map((input) => input.name))];
      sent = all.disabled = true;
      form.querySelector(".gradus-problem").textContent = "";
      later(WAITING);
      model.send({ answers: names.map((name) => given.get(name) ?? "") });
    });
  }
  function receive({ problem, field }) {
    const form = el.querySelector("form");
    clearTimeout(timer); note("");
    sent = form.querySelector(".gradus-all").disabled = false;
    form.querySelector(".gradus-problem").textContent = problem;
    form.querySelector(`[name="${field}"]`).focus();
  }

  show();
  model.on("change:html", show);
  model.on("msg:custom", receive);
}

export default { render };

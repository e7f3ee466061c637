// The editor of a flow: line numbers, problems at their lines while one types, and the drawing beside it.
(() => {
  const form = document.getElementById("editor"), text = document.getElementById("text"), gutter = document.getElementById("gutter");
  const box = document.getElementById("problems"), publish = document.getElementById("publish");
  let faulty = new Set([...box.querySelectorAll("[data-line]")].map((one) => Number(one.dataset.line)));
  let saved = text.value;
  function number() {
    const count = text.value.split("\n").length;
    gutter.replaceChildren(...Array.from({ length: count }, (_, i) => {
      const line = document.createElement("span");
      line.textContent = `${i + 1}\n`;
      if (faulty.has(i + 1)) line.className = "faulty";
      return line;
    }));
    gutter.scrollTop = text.scrollTop;
  }
  function jump(line) {
    const lines = text.value.split("\n"), start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    text.focus();
    text.setSelectionRange(start, start + (lines[line - 1] || "").length);
    text.scrollTop = Math.max(0, (line - 6) * parseFloat(getComputedStyle(text).lineHeight));
    number();
  }
  function problems(found) {
    faulty = new Set(found.map((one) => one.line));
    box.replaceChildren(...found.map((one) => {
      const told = document.createElement("p"), line = document.createElement("button"), where = document.createElement("code"), remedy = document.createElement("strong");
      told.className = "wrong"; line.className = "time"; line.type = "button"; line.dataset.line = one.line; line.textContent = `line ${one.line}`;
      where.textContent = one.where; remedy.textContent = one.remedy;
      told.append(line, " ", where, `: ${one.cause} `, remedy);
      return told;
    }));
    if (publish) publish.disabled = found.length > 0 || text.value !== saved;
    number();
  }
  let timer = 0;
  text.addEventListener("input", () => {
    number();
    if (publish) publish.disabled = true;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      try {
        const told = await (await site.post(`/flows/${form.dataset.name}/check`, { text: text.value })).json();
        problems(told.problems);
        if (told.drawing) document.getElementById("drawing").innerHTML = told.drawing;
      } catch (error) { site.say(error.message); }
    }, 500);
  });
  text.addEventListener("scroll", () => { gutter.scrollTop = text.scrollTop; });
  box.addEventListener("click", (event) => { const line = event.target.closest("[data-line]"); if (line) jump(Number(line.dataset.line)); });
  document.getElementById("drawing").addEventListener("click", (event) => {
    const step = event.target.closest("g[id^='step-']");
    if (!step) return;
    const name = step.id.slice(5), line = text.value.split("\n").findIndex((one) => one.trim() === `[steps.${name}]`);
    if (line >= 0) jump(line + 1);
  });
  const wanted = location.hash.match(/^#line-(\d+)$/);
  if (wanted) jump(Number(wanted[1])); else number();
})();

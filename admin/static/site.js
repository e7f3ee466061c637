// What every page needs: forms over htmx carry the page's token, dialogs ask before deeds, "/" finds the search.
(() => {
  const token = document.querySelector('meta[name="csrf"]').content;
  document.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-CSRF"] = token; });
  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.ask || event.submitter?.dataset.ask;
    if (question && !window.confirm(question)) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !field) {
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    }
  });
  document.addEventListener("change", (event) => { if ("submit" in event.target.dataset) event.target.form.requestSubmit(); });
  window.site = {
    token,
    say(text) { document.getElementById("said").textContent = text; },
    async post(path, form = {}) {
      const answer = await fetch(path, {
        method: "POST",
        headers: { "X-CSRF": token, "Content-Type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams(form),
      });
      if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).detail || `The server said ${answer.status}.`);
      return answer;
    },
  };
})();

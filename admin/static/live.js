// One live call: its voices, its words, and what a supervisor may do about it.
(() => {
  const page = document.getElementById("live");
  const { call } = page.dataset;
  const $ = (id) => document.getElementById(id);
  const picture = sound.duet($("duet"));
  picture.start();
  const noted = (promise, text) => promise.then(() => site.say(text)).catch((error) => site.say(error.message));
  sound.captions($("lines"), `/live/${call}/events`, {
    level(told) {
      // A turn of 200 ms is four strokes of the picture.
      for (let n = 0; n < 4 && !listening; n++) setTimeout(() => { if (!listening) { picture.loud("caller", told.caller / 250); picture.loud("agent", told.agent / 250); } }, 50 * n);
      $("time").textContent = sound.clock(told.at);
    },
    use(duplex) { $("serves").textContent = duplex; },
    over() { picture.stop(); site.say("The call has ended."); $("over").hidden = false; for (const button of page.querySelectorAll("button")) button.disabled = true; },
  });
  let listening = null, speaking = null;
  $("listen")?.addEventListener("click", () => {
    if (listening) { listening.close(); return; }
    listening = sound.listen(`/live/${call}/listen`, { loud: picture.loud, over() { listening = null; $("listen").setAttribute("aria-pressed", "false"); $("listen").lastElementChild.textContent = "Listen"; } });
    $("listen").setAttribute("aria-pressed", "true");
    $("listen").lastElementChild.textContent = "Stop listening";
  });
  $("whisper")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = Object.fromEntries(new FormData(event.target, event.submitter));
    noted(site.post(`/live/${call}/whisper`, form), form.kind === "know" ? "The agent knows it now." : "The agent will say it.");
    event.target.reset();
  });
  $("take")?.addEventListener("click", async () => {
    if (speaking) { speaking.socket.close(1000); return; }
    try {
      const link = {};
      const mic = await sound.microphone((frame, loud) => { picture.loud("agent", loud); if (link.socket?.readyState === WebSocket.OPEN) link.socket.send(frame); });
      const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live/${call}/speak`);
      link.socket = socket;
      speaking = { socket };
      socket.onclose = () => { mic.close(); speaking = null; $("take").setAttribute("aria-pressed", "false"); $("take").lastElementChild.textContent = "Take over"; };
      $("take").setAttribute("aria-pressed", "true");
      $("take").lastElementChild.textContent = "Give back to the agent";
      if (!listening) $("listen").click();
    } catch (error) { site.say(error.name === "NotAllowedError" ? "The browser may not use the microphone." : error.message); }
  });
  $("hang")?.addEventListener("click", () => { if (window.confirm("End this call? The caller hears a goodbye.")) noted(site.post(`/live/${call}/end`), "The agent says goodbye."); });
})();

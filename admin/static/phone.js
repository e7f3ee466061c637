// The phone page: this browser as a telephone, or an ear beside a simulated caller's.
(() => {
  const page = document.getElementById("phone");
  const $ = (id) => document.getElementById(id);
  const picture = sound.duet($("duet"));
  const frames = { sent: 0 };
  let now = null;
  picture.draw();
  function state(text, busy) {
    $("state").textContent = text;
    page.dataset.state = busy ? "busy" : "free";
    $("call").hidden = busy; $("end").hidden = !busy; $("mute").hidden = !busy || !now?.mic;
    for (const button of document.querySelectorAll("[data-script]")) button.disabled = busy;
  }
  function begin(call, over) {
    $("lines").replaceChildren();
    $("after").hidden = true;
    picture.start();
    now.started = Date.now();
    now.timer = setInterval(() => { $("time").textContent = sound.clock((Date.now() - now.started) / 1000); }, 500);
    now.call = call;
    now.captions = sound.captions($("lines"), `/phone/calls/${call}/events`, { over });
  }
  function finish(text) {
    if (!now) return;
    const done = now;
    now = null;
    clearInterval(done.timer);
    done.mic?.close(); done.speaker?.close(); done.captions?.close(); done.socket?.close();
    picture.stop();
    state(text, false);
    if (done.call) { $("after").hidden = false; $("review").href = `/calls/${done.call}`; }
  }
  async function call() {
    now = {};
    state("Connecting…", true);
    try {
      const link = {};
      now.mic = await sound.microphone((frame, loud) => {
        picture.loud("caller", loud);
        if (link.socket?.readyState !== WebSocket.OPEN || !link.started) return;
        const message = new Uint8Array(4 + frame.length);
        new DataView(message.buffer).setUint32(0, frames.sent++, true);
        message.set(frame, 4);
        link.socket.send(message);
      });
      now.speaker = await sound.speaker({
        mark: (name) => { if (link.socket?.readyState === WebSocket.OPEN) link.socket.send(JSON.stringify({ mark: name })); },
        loud: ([agent]) => picture.loud("agent", agent),
      });
      const answer = await site.post("/phone/calls", { caller: $("caller").value, flow: page.dataset.trying });
      const told = await answer.json();
      const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${told.path}`);
      socket.binaryType = "arraybuffer";
      link.socket = now.socket = socket;
      socket.onopen = () => {
        frames.sent = 0;
        socket.send(JSON.stringify({ start: told.start }));
        link.started = true;
        begin(told.call, () => {});
        state("You are connected. Speak as you would on the phone.", true);
      };
      socket.onmessage = ({ data }) => {
        if (typeof data !== "string") { now?.speaker?.send({ sound: new Uint8Array(data) }); return; }
        const order = JSON.parse(data);
        if (order.mark) now?.speaker?.send({ mark: order.mark });
        if (order.clear) now?.speaker?.send({ clear: true });
      };
      socket.onclose = () => finish("The call has ended.");
    } catch (error) {
      finish(error.name === "NotAllowedError" ? "The browser may not use the microphone. Allow it and call again." : error.message);
    }
  }
  async function simulate(script) {
    now = {};
    state("The simulated caller is dialling…", true);
    try {
      const { call: id } = await (await site.post("/phone/simulated", { script })).json();
      begin(id, () => {});
      now.socket = sound.listen(`/phone/calls/${id}/listen`, { loud: picture.loud, over: () => finish("The call has ended.") });
      state("You hear both: the caller left, the agent right.", true);
    } catch (error) { finish(error.message); }
  }
  $("call").addEventListener("click", call);
  $("end").addEventListener("click", async () => {
    if (now?.mic) { now.socket?.send(JSON.stringify({ stop: true })); now.socket?.close(1000); finish("You have hung up."); }
    else if (now?.call) await site.post(`/phone/calls/${now.call}/end`);
  });
  $("mute").addEventListener("click", () => {
    const on = $("mute").getAttribute("aria-pressed") !== "true";
    $("mute").setAttribute("aria-pressed", String(on));
    now?.mic?.mute(on);
  });
  for (const button of document.querySelectorAll("[data-script]")) button.addEventListener("click", () => simulate(button.dataset.script));
  for (const key of document.querySelectorAll("[data-press]")) key.addEventListener("click", () => { if (now?.mic && now.socket) now.socket.send(JSON.stringify({ press: key.dataset.press })); });
  window.addEventListener("beforeunload", () => { if (now?.mic) now.socket?.close(1000); });
})();

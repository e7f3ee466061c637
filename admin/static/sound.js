// What the phone page and the live page share: a microphone, a loudspeaker, a picture of both voices, and captions.
(() => {
  const worklet = document.querySelector("[data-worklet]")?.dataset.worklet;
  let context = null;
  async function ready() {
    context ||= new AudioContext({ latencyHint: "interactive" });
    await context.resume();
    context.loaded ||= context.audioWorklet.addModule(worklet);
    await context.loaded;
    return context;
  }

  async function speaker({ sides = 1, ahead = 480, mark = () => {}, loud = () => {} }) {
    const audio = await ready();
    const node = new AudioWorkletNode(audio, "speaker", { numberOfInputs: 0, outputChannelCount: [2], processorOptions: { sides, ahead } });
    node.port.onmessage = ({ data }) => { if (data.mark) mark(data.mark); if (data.loud) loud(data.loud); };
    node.connect(audio.destination);
    return { send: (data) => node.port.postMessage(data), close: () => node.disconnect() };
  }

  async function microphone(hear) {
    const audio = await ready();
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 } });
    const source = audio.createMediaStreamSource(stream), node = new AudioWorkletNode(audio, "microphone", { numberOfOutputs: 1 });
    let muted = false;
    const silence = new Uint8Array(160).fill(255);
    node.port.onmessage = ({ data }) => hear(muted ? silence : data.frame, muted ? 0 : data.loud);
    source.connect(node);
    return {
      mute(on) { muted = on; },
      close() { source.disconnect(); node.port.onmessage = null; for (const track of stream.getTracks()) track.stop(); },
    };
  }

  // Two voices running past: the caller above the line, the agent below it.
  function duet(canvas) {
    const levels = [], style = getComputedStyle(document.documentElement);
    const now = { caller: 0, agent: 0 };
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    let timer = 0;
    function draw() {
      levels.push({ ...now });
      now.caller = now.agent = 0;
      const width = canvas.clientWidth, high = canvas.clientHeight, scale = window.devicePixelRatio || 1, step = 4;
      if (levels.length > width / step) levels.splice(0, levels.length - Math.floor(width / step));
      canvas.width = width * scale; canvas.height = high * scale;
      const pen = canvas.getContext("2d");
      pen.scale(scale, scale);
      pen.fillStyle = colour("line");
      pen.fillRect(0, high / 2 - 0.5, width, 1);
      levels.forEach((level, i) => {
        const x = width - (levels.length - i) * step;
        for (const [name, up] of [["caller", true], ["agent", false]]) {
          const tall = Math.pow(Math.min(1, level[name] * 1.4), 0.6) * (high / 2 - 6);
          if (tall < 0.8) continue;
          pen.fillStyle = colour(name);
          pen.beginPath();
          pen.roundRect(x, up ? high / 2 - tall - 1 : high / 2 + 1, step - 1.4, tall, 1.2);
          pen.fill();
        }
      });
    }
    return {
      loud(name, value) { now[name] = Math.max(now[name], value); if (value > (Number(canvas.dataset[name]) || 0)) canvas.dataset[name] = value.toFixed(3); },
      start() { timer ||= setInterval(draw, 50); },
      stop() { clearInterval(timer); timer = 0; },
      draw,
    };
  }

  function clock(seconds) { return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds) % 60).padStart(2, "0")}`; }

  // Lines of the transcript as they become certain, and what is being said now.
  function captions(list, address, { level = () => {}, over = () => {}, use = () => {} } = {}) {
    const partial = {};
    function line(side, kind = "") {
      const item = document.createElement("li");
      item.className = `said ${side} ${kind}`;
      const who = document.createElement("span"), text = document.createElement("p"), at = document.createElement("small");
      who.className = "side"; who.textContent = side === "caller" ? "Caller" : "Agent"; at.className = "num";
      item.append(at, who, text);
      return { item, text, at };
    }
    const source = new EventSource(address);
    source.onmessage = ({ data }) => {
      const told = JSON.parse(data);
      if (told.is === "level") level(told);
      if (told.is === "use") use(told.duplex);
      if (told.is === "end") { source.close(); over(); }
      if (told.is === "partial") {
        partial[told.side] ||= line(told.side, "partial");
        partial[told.side].text.textContent = told.text;
        list.append(partial[told.side].item);
      }
      if (told.is === "note" && told.kind !== "be") {
        const made = line("agent", "whisper");
        made.item.querySelector(".side").textContent = `Told: ${told.kind}`;
        made.text.textContent = told.text; made.at.textContent = clock(told.at);
        list.append(made.item);
      }
      if (told.is === "line") {
        partial[told.side]?.item.remove();
        delete partial[told.side];
        const made = line(told.side, told.kind);
        made.at.textContent = clock(told.start);
        made.text.textContent = told.text;
        if (told.unheard) { const cut = document.createElement("s"); cut.textContent = ` ${told.unheard}`; made.text.append(cut); }
        list.append(made.item);
      }
      list.scrollTop = list.scrollHeight;
    };
    return source;
  }

  function listen(address, { loud, over }) {
    let play = null;
    const socket = new WebSocket(address.replace(/^\//, `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/`));
    socket.binaryType = "arraybuffer";
    const opened = speaker({ sides: 2, ahead: 1920, loud: ([caller, agent]) => { loud("caller", caller); loud("agent", agent); } }).then((made) => { play = made; });
    socket.onmessage = ({ data }) => opened.then(() => play.send({ sound: new Uint8Array(data) }));
    socket.onclose = () => opened.then(() => { play.close(); over(); });
    return socket;
  }

  window.sound = { speaker, microphone, duet, captions, listen, clock };
})();

// The call page: two channels, the floor under them, labels that lead to their place, a transcript that follows.
(async () => {
  const RATE = 8000;
  const box = document.getElementById("timeline");
  const { base, audio, growing } = box.dataset;
  const total = Math.max(1, Number(box.dataset.samples)) / RATE;
  const css = getComputedStyle(document.documentElement);
  const colour = (name) => css.getPropertyValue(`--${name}`).trim();
  const [picture, raw] = await Promise.all([
    fetch(`${base}/review.json`).then((answer) => answer.json()),
    fetch(`${base}/peaks`).then((answer) => answer.arrayBuffer()),
  ]);
  const bytes = new Uint8Array(raw);
  const half = bytes.length >> 1;
  const loud = (from) => Float32Array.from({ length: Math.max(1, half) }, (_, i) => Math.pow((bytes[from + i] || 0) / 255, 0.6));
  const clock = (seconds, tenths) => {
    const whole = Math.floor(seconds), hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
    const text = `${hours ? `${hours}:${String(minutes).padStart(2, "0")}` : minutes}:${String(whole % 60).padStart(2, "0")}`;
    return tenths ? `${text}.${Math.floor(seconds * 10) % 10}` : text;
  };

  const sound = new Audio();
  sound.preload = "none";
  if (audio) sound.src = `${base}/audio.wav`;
  const look = (name) => ({ waveColor: colour(name), progressColor: colour(name), height: 54, normalize: false });
  const wave = WaveSurfer.create({
    container: "#wave", media: sound, peaks: [loud(0), loud(half)], duration: total,
    splitChannels: [look("caller"), look("agent")], cursorWidth: 1, cursorColor: colour("ink"), height: 54,
    minPxPerSec: 0, fillParent: true, autoScroll: true, autoCenter: true, dragToSeek: true, hideScrollbar: false,
    cspNonce: document.querySelector('meta[name="nonce"]').content,
  });

  // ------------------------------------------------------------------------------------------------ time
  const scroll = document.getElementById("scroll"), inner = document.getElementById("inner");
  const cursor = document.getElementById("cursor"), drawing = document.getElementById("drawing");
  let now = 0;
  const percent = (seconds) => `${(100 * seconds) / total}%`;
  function place(seconds, follow) {
    now = Math.min(total, Math.max(0, seconds));
    document.getElementById("now").textContent = clock(now, true);
    cursor.style.left = percent(now);
    light(follow);
  }
  let wanted = null; // where to begin once there is any sound
  sound.addEventListener("loadedmetadata", () => { if (wanted !== null) sound.currentTime = wanted; wanted = null; });
  function seek(seconds) {
    const at = Math.min(total - 0.01, Math.max(0, seconds));
    if (audio && sound.readyState === 0) {
      wanted = at;
      if (sound.preload === "none") { sound.preload = "auto"; sound.load(); }
    } else if (audio) sound.currentTime = at;
    wave.setTime(at);
    place(at, true);
  }
  const play = document.getElementById("play");
  play.disabled = !audio;
  const icons = { play: '<path class="solid" d="M6 4l10 6-10 6z"/>', pause: '<path class="solid" d="M5.500 4h3v12h-3zM11.500 4h3v12h-3z"/>' };
  const toggle = () => { if (!audio) return; if (sound.paused) sound.play(); else sound.pause(); };
  play.addEventListener("click", toggle);
  sound.addEventListener("play", () => { play.firstElementChild.innerHTML = icons.pause; });
  sound.addEventListener("pause", () => { play.firstElementChild.innerHTML = icons.play; });
  wave.on("timeupdate", (seconds) => place(seconds, true));
  wave.on("interaction", (seconds) => seek(seconds));
  document.getElementById("speed").addEventListener("change", (event) => { sound.playbackRate = Number(event.target.value); });
  const wide = () => wave.getWrapper().clientWidth || scroll.clientWidth;
  const zoom = document.getElementById("zoom");
  zoom.addEventListener("input", () => {
    const least = scroll.clientWidth / total, most = 160;
    wave.zoom(Number(zoom.value) ? least * Math.pow(Math.max(1, most / least), zoom.value / 100) : 0);
  });
  const fit = () => { inner.style.width = `${wide()}px`; scroll.scrollLeft = wave.getScroll(); settle(); draw(); };
  wave.on("zoom", () => requestAnimationFrame(fit));
  wave.on("redraw", () => requestAnimationFrame(fit));
  wave.on("scroll", (_from, _to, left) => { scroll.scrollLeft = left; draw(); });
  scroll.addEventListener("scroll", () => { if (Math.abs(wave.getScroll() - scroll.scrollLeft) > 1) wave.setScroll(scroll.scrollLeft); draw(); });
  inner.addEventListener("click", (event) => {
    if (event.target.closest("button")) return;
    seek(((event.clientX - inner.getBoundingClientRect().left) / inner.clientWidth) * total);
  });

  // ------------------------------------------------------------------------------------------- the drawing
  const FLOOR = { top: 4, high: 14 }, LEAN = { top: 74, high: 46 };
  function draw() {
    const width = scroll.clientWidth, high = 128, scale = window.devicePixelRatio || 1;
    drawing.width = width * scale; drawing.height = high * scale;
    drawing.style.width = `${width}px`; drawing.style.height = `${high}px`;
    const pen = drawing.getContext("2d");
    pen.scale(scale, scale);
    const whole = inner.clientWidth, left = scroll.scrollLeft;
    const x = (samples) => (samples / RATE / total) * whole - left;
    pen.fillStyle = colour("sunken");
    pen.fillRect(0, FLOOR.top, width, FLOOR.high);
    for (const [start, end, state] of picture.floor) {
      const from = x(start), to = x(end);
      if (to < 0 || from > width) continue;
      pen.fillStyle = colour(state);
      pen.fillRect(from, state === "agent" ? FLOOR.top + 7 : FLOOR.top, Math.max(1, to - from), state === "both" ? FLOOR.high : 7);
    }
    const lean = picture.leanings;
    pen.strokeStyle = colour("line");
    pen.strokeRect(-1, LEAN.top - 0.5, width + 2, LEAN.high + 1);
    for (const [name, tone, dash] of [["speak", "agent", []], ["backchannel", "good", [4, 2]], ["yield", "both", [1.5, 2]]]) {
      const values = lean[name];
      if (!values.length) continue;
      pen.strokeStyle = colour(tone); pen.setLineDash(dash); pen.lineWidth = 1.4; pen.beginPath();
      const first = Math.max(0, Math.floor(((left / whole) * total * RATE) / lean.every) - 1);
      for (let i = first; i < values.length; i++) {
        const at = x(i * lean.every);
        const y = LEAN.top + LEAN.high - 2 - (values[i] / 100) * (LEAN.high - 4);
        if (i === first) pen.moveTo(at, y); else pen.lineTo(at, y);
        if (at > width) break;
      }
      pen.stroke(); pen.setLineDash([]);
    }
    if (!lean.speak.length) {
      pen.fillStyle = colour("faint"); pen.font = "11px Inter, sans-serif";
      pen.fillText("This duplex tells no probabilities.", 8, LEAN.top + 27);
    }
  }

  // --------------------------------------------------------------------------------------------- the labels
  const short = { backchannel_caller: "mm-hmm · caller", backchannel_agent: "mm-hmm · agent", interruption_caller: "interrupts · caller", interruption_agent: "interrupts · agent", smooth: "overlap", echo: "echo?" };
  const labels = { over: [], back: [] };
  // Every label begins where its event does. It takes the first row with room; without any it gives up its words.
  function settle() {
    const whole = inner.clientWidth;
    for (const [name, rows] of [["over", [0, 22]], ["back", null]]) {
      const ends = new Map();
      for (const entry of labels[name]) {
        const left = (entry.start / RATE / total) * whole, wanted = entry.text.length * 6 + 14;
        const free = (row) => (ends.get(row)?.end ?? -1) <= left;
        const row = rows ? (rows.find(free) ?? rows[entry.turn % 2]) : entry.row;
        const before = ends.get(row);
        if (before && before.end > left) before.button.style.maxWidth = `${Math.max(3, left - before.left - 2)}px`;
        entry.item.style.top = `${row}px`;
        entry.button.style.maxWidth = "";
        ends.set(row, { button: entry.button, left, end: left + wanted });
      }
    }
  }
  function label(name, parent, entry) {
    const item = document.createElement("div"), button = document.createElement("button");
    item.setAttribute("role", "listitem");
    item.className = `label ${entry.kind}`;
    item.style.left = percent(entry.start / RATE);
    item.style.width = percent(Math.max(entry.end - entry.start, 0) / RATE);
    labels[name].push({ ...entry, item, button, turn: labels[name].length });
    button.textContent = entry.text;
    button.title = entry.title;
    button.setAttribute("aria-label", `${entry.text}: ${entry.title}, at ${clock(entry.start / RATE)}`);
    button.dataset.at = entry.start;
    item.append(button);
    parent.append(item);
  }
  const overlaps = document.getElementById("overlaps");
  for (const [start, end, kind, text] of picture.overlaps) {
    label("over", overlaps, { start, end, kind, text: short[kind], title: `${picture.titles[kind]}${text ? `: “${text}”` : ""}` });
  }
  const lane = document.getElementById("background");
  for (const entry of picture.background) {
    const rows = { asked: 0, tool: 0, note: 22, withdrawn: 22 };
    const text = { asked: "asked", tool: entry.name, note: entry.kind, withdrawn: "withdrawn" }[entry.is];
    const end = entry.is === "note" && entry.heard ? entry.heard : entry.end;
    const title = { asked: `Asked: ${entry.text}`, tool: `Tool ${entry.name}${entry.ok ? "" : ", failed"}`, note: `${entry.kind}: ${entry.text}${entry.heard ? ", heard" : ""}`, withdrawn: `Withdrawn: ${entry.text}` }[entry.is];
    label("back", lane, { start: entry.start, end, kind: `${entry.is}${entry.is === "tool" && !entry.ok ? " failed" : ""}`, row: rows[entry.is], text, title });
  }

  // ------------------------------------------------------------------------------------------ the transcript
  const list = document.getElementById("lines");
  const lines = [], starts = [];
  function take(elements) {
    for (const element of elements) {
      if (!element.dataset.start) continue;
      const words = [...element.querySelectorAll(".w")].map((word) => ({ word, at: Number(word.dataset.at), to: Number(word.dataset.to) }));
      lines.push({ element, start: Number(element.dataset.start), end: Number(element.dataset.end), words });
      if (words.length) starts.push(Number(element.dataset.start) / RATE);
    }
  }
  take(list.children);
  // A long transcript comes in pieces, each fetched when the one before it is in its place.
  async function further() {
    while (Number(list.dataset.more)) {
      const answer = await fetch(`${base}/lines?since=${list.dataset.more}`);
      if (!answer.ok) { site.say("The rest of the transcript did not come. Load the page again."); return; }
      const piece = document.createElement("template");
      piece.innerHTML = await answer.text();
      const fresh = [...piece.content.children];
      list.append(piece.content);
      take(fresh);
      list.dataset.more = answer.headers.get("X-More");
      if (find.value) seekWords();
    }
  }
  let lit = [], here = null;
  function light(follow) {
    const at = now * RATE;
    for (const word of lit) word.classList.remove("now");
    lit = [];
    let current = null;
    for (const line of lines) {
      if (line.start <= at + 400) current = line.words.length ? line : current;
      if (line.start <= at && at <= line.end + 800) for (const { word, at: from, to } of line.words) if (from <= at && at < to) { word.classList.add("now"); lit.push(word); }
    }
    if (current !== here) {
      here?.element.classList.remove("here");
      current?.element.classList.add("here");
      here = current;
      if (follow && current) {
        const top = current.element.offsetTop - list.offsetTop;
        if (top < list.scrollTop + 40 || top > list.scrollTop + list.clientHeight - 90) list.scrollTop = top - list.clientHeight / 3;
      }
    }
  }
  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-at]");
    if (target) seek(Number(target.dataset.at) / RATE);
  });
  const find = document.getElementById("find");
  function seekWords() {
    const wanted = find.value.trim().toLowerCase();
    let first = null;
    for (const { element } of lines) {
      const hit = wanted && element.textContent.toLowerCase().includes(wanted);
      element.classList.toggle("hit", Boolean(hit));
      if (hit && !first) first = element;
    }
    if (first) list.scrollTop = first.offsetTop - list.offsetTop - 60;
  }
  find.addEventListener("input", seekWords);

  // ------------------------------------------------------------------------------------------------ the tabs
  const tabs = [...document.querySelectorAll('[role="tab"]')];
  function show(tab) {
    for (const one of tabs) {
      const chosen = one === tab;
      one.setAttribute("aria-selected", String(chosen));
      one.tabIndex = chosen ? 0 : -1;
      document.getElementById(one.getAttribute("aria-controls")).hidden = !chosen;
    }
  }
  for (const tab of tabs) {
    tab.addEventListener("click", () => show(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault(); event.stopPropagation();
      const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
      show(next); next.focus();
    });
  }

  // -------------------------------------------------------------------------------------------- the keyboard
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    const link = /^[a-z]$/.test(key) && document.querySelector(`[data-key="${key}"]`);
    if (link) { link.click(); return; }
    if (key === " " && !event.target.closest("button, summary, a")) { event.preventDefault(); toggle(); return; }
    const deeds = {
      arrowright: () => seek(now + 3), arrowleft: () => seek(now - 3),
      arrowdown: () => seek(starts.find((start) => start > now + 0.05) ?? now),
      arrowup: () => seek([...starts].reverse().find((start) => start < now - 0.6) ?? 0),
      o: () => seek((picture.overlaps.find(([start]) => start / RATE > now + 0.05)?.[0] ?? 0) / RATE),
      "+": () => { zoom.value = Math.min(100, Number(zoom.value) + 10); zoom.dispatchEvent(new Event("input")); },
      "-": () => { zoom.value = Math.max(0, Number(zoom.value) - 10); zoom.dispatchEvent(new Event("input")); },
      c: () => { show(document.getElementById("tab-comments")); document.getElementById("comment-at").value = now.toFixed(1); document.querySelector("#panel-comments textarea")?.focus(); },
    };
    if (deeds[key]) { event.preventDefault(); deeds[key](); }
  });
  new ResizeObserver(() => fit()).observe(scroll);
  place(0, false);
  fit();
  if (growing) setTimeout(() => location.reload(), 10_000);
  box.dataset.ready = "yes";
  further();
})();

// The dashboard's series. Lines differ in their dashes as well as in their colour, and each has its name in the legend.
(() => {
  const box = document.getElementById("charts");
  const { days, names, panels } = JSON.parse(box.dataset.series);
  const css = getComputedStyle(document.documentElement);
  const colour = (name) => css.getPropertyValue(`--${name}`).trim();
  const tones = ["agent", "caller", "both", "good", "bad"], dashes = [[], [7, 3], [2, 3], [9, 3, 2, 3], [1, 2]];
  const says = (value, unit) => (value === null || value === undefined ? "–" : `${unit === "s" ? value.toFixed(2) : Math.round(value * 10) / 10}${unit ? ` ${unit}` : ""}`);
  const plots = [];
  for (const panel of panels) {
    const place = box.querySelector(`[data-panel="${panel.name}"] .plot`);
    const axis = { stroke: colour("faint"), font: "11px Inter, sans-serif", grid: { stroke: colour("line"), width: 1 }, ticks: { show: false } };
    const options = {
      width: place.clientWidth, height: 200, tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      padding: [10, 10, 0, 0],
      scales: { x: { time: true }, y: { range: (_plot, least, most) => [0, panel.unit === "%" ? 100 : Math.max(1e-6, (most ?? 1) * 1.12)] } },
      axes: [
        { ...axis, size: 30, grid: { show: false }, values: (_plot, ticks) => ticks.map((at) => new Date(at * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" })), incrs: [86400, 2 * 86400, 7 * 86400, 14 * 86400], space: 60 },
        { ...axis, size: 46, values: (_plot, ticks) => ticks.map((value) => `${Math.round(value * 100) / 100}${panel.unit === "%" ? " %" : ""}`) },
      ],
      legend: { live: true },
      cursor: { points: { size: 7 }, drag: { x: false, y: false } },
      series: [
        { label: "Day", value: (_plot, at) => (at ? new Date(at * 1000).toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" }) : "–") },
        ...names.map((name, i) => ({
          label: name, stroke: colour(tones[i % tones.length]), width: 2, dash: dashes[i % dashes.length], spanGaps: true,
          points: { show: days.length <= 31, size: 5 }, value: (_plot, value) => says(value, panel.unit),
        })),
      ],
    };
    plots.push([new uPlot(options, [days, ...panel.lines], place), place]);
  }
  new ResizeObserver(() => { for (const [plot, place] of plots) plot.setSize({ width: place.clientWidth, height: 200 }); }).observe(box);
  box.dataset.ready = "yes";
})();

// The browser's half of the stage: sends the newest control values, paints the actors of the newest frame over the set.

const PAINT = {
  outline(ctx, look, d, colour) {
    for (let k = 0, piece = 0; k < d.length; k += 2) {
      colour(piece++);
      ctx.beginPath();
      for (; k < d.length && !Number.isNaN(d[k] + d[k + 1]); k += 2) ctx.lineTo(d[k], d[k + 1]);
      ctx[look.filled ? "fill" : "stroke"]();
    }
  },
  image(ctx, look, d) {
    const [x0, y0, x1, y1, w, h] = d, small = new OffscreenCanvas(w, h);
    const pixels = new Uint8ClampedArray(d.buffer, d.byteOffset + 24, 4 * w * h);
    small.getContext("2d").putImageData(new ImageData(pixels, w, h), 0, 0);
    ctx.imageSmoothingEnabled = false; ctx.drawImage(small, x0, y0, x1 - x0, y1 - y0);
  },
  words(ctx, look, d, colour, words) {
    Object.assign(ctx, { textAlign: look.align, textBaseline: "middle", lineWidth: look.halo });
    ctx.font = `bold ${look.size}px "DejaVu Sans", Verdana, sans-serif`;
    for (let k = 0; k < d.length; k += 2) {
      const at = [words.shift(), d[k], d[k + 1]];
      colour(k / 2); ctx.strokeStyle = "white"; ctx.strokeText(...at); ctx.fillText(...at);
    }
  },
};

function paint(canvas, { looks, shape }, { counts, words, numbers }) {
  const ctx = canvas.getContext("2d"), scale = canvas.width / shape[0], left = [...words];
  ctx.setTransform(scale, 0, 0, scale, 0, 0);
  ctx.clearRect(0, 0, ...shape);
  looks.reduce((at, look, i) => {
    const colour = (k) => { ctx.fillStyle = ctx.strokeStyle = look.colours[k % look.colours.length]; };
    ctx.save(); ctx.beginPath(); ctx.rect(...look.clip); ctx.clip();
    Object.assign(ctx, { globalAlpha: look.alpha, lineWidth: look.size, lineJoin: "round" });
    ctx.setLineDash(look.dash);
    PAINT[look.kind](ctx, look, numbers.subarray(at, at + counts[i]), colour, left);
    ctx.restore();
    return at + counts[i];
  }, 0);
}

const short = (value) => Number(value.toPrecision(value.toExponential(2)[0] === "1" ? 3 : 2));

function render({ model, el }) {
  el.innerHTML = model.get("html");
  const form = el.querySelector("form"), part = (name) => form.querySelector(name), canvas = part("canvas");
  let set = null, frame = null, flying = 0, newer = false, gap = 0, sent = 0, later = 0, pause = 0;
  let last = Promise.resolve();

  function ask() {
    for (const slider of form.querySelectorAll("[type=range]")) {
      const value = slider.dataset.log === "1" ? short(10 ** slider.value) : Number(slider.value);
      const text = `${value} ${slider.dataset.unit}`.trim().replace("-", "−");
      slider.setAttribute("aria-valuetext", slider.previousElementSibling.textContent = text);
      slider.style.setProperty("--at", `${100 * (slider.value - slider.min) / (slider.max - slider.min)}%`);
    }
    // Three requests on the way at most, and to a slow model none before it is ready for it; beyond that only the hand's
    // newest position is kept.
    const now = performance.now(), wait = sent + gap - now;
    newer = flying >= 3 || wait > 0;
    clearTimeout(later);
    if (wait > 0) later = setTimeout(ask, wait);
    if (newer) return;
    [flying, sent] = [flying + 1, now];
    model.send({ form: Object.fromEntries(new FormData(form)), set: set?.set });
  }
  async function receive(message, data) {
    Object.assign(part(".gradus-error"), { textContent: message.error, hidden: !message.error });
    part(".gradus-note").textContent = message.note;
    if (message.svg) {
      const image = Object.assign(new Image(), { alt: "", src: `data:image/svg+xml,${encodeURIComponent(message.svg)}` });
      await image.decode();
      part("img").replaceWith(image);
      canvas.parentElement.style = `--width: ${message.shape[0]}; --height: ${message.shape[1]}`;
      set = message;
    }
    if (message.counts) {
      const bytes = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
      frame = { ...message, numbers: new Float32Array(bytes) };
      resize();
      canvas.setAttribute("aria-label", message.alt);
      clearTimeout(pause); pause = setTimeout(() => { part(".gradus-spoken").textContent = message.alt; }, 700);
    }
    form.dataset.frames = 1 + Number(form.dataset.frames ?? 0);
    [flying, gap] = [message.flying ?? flying - 1, message.gap ?? 0];
    if (newer) ask();
  }
  function resize() {
    const width = Math.round(canvas.clientWidth * devicePixelRatio), height = width * set.shape[1] / set.shape[0];
    if (width && width !== canvas.width) Object.assign(canvas, { width, height });
    if (frame) paint(canvas, set, frame);
  }
  function play(button) {
    const slider = form.elements[button.dataset.play], low = Number(slider.min), span = slider.max - low;
    let at = Number(slider.value) < slider.max ? Number(slider.value) : low, before = performance.now();
    requestAnimationFrame(function tick(now) {
      if (button.ariaPressed === "false" || !form.isConnected) return;
      const earlier = slider.value;
      at += span * Math.max(0, now - before) / 1000 / button.dataset.seconds;
      [before, slider.value] = [now, at];
      if (slider.value !== earlier) ask();
      if (at < low + span) requestAnimationFrame(tick); else button.ariaPressed = "false";
    });
  }

  model.on("msg:custom", (message, buffers) => { last = last.then(() => receive(message, buffers[0])); });
  Object.assign(form, { oninput: ask, onsubmit: (event) => event.preventDefault(), onreset: () => setTimeout(ask) });
  form.onclick = ({ target }) => form.querySelectorAll("[data-play]").forEach((button) => {
    if (target !== button && target.type !== "reset") return;
    button.ariaPressed = String(target === button && button.ariaPressed === "false");
    if (button.ariaPressed === "true") play(button);
  });
  const { message, data } = model.get("opening");
  last = receive({ ...message, flying: 0 }, data).then(() => { new ResizeObserver(resize).observe(canvas); ask(); });
}

export default { render };

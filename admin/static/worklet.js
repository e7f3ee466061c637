// Sound between the browser's rate and the telephone's 8 kHz mu-law, on the audio thread.
const RATE = 8000;
const FRAME = 160;

const BACK = Float32Array.from({ length: 256 }, (_, byte) => {
  const code = ~byte & 0xff;
  const magnitude = ((((code & 15) << 3) + 132) << ((code >> 4) & 7)) - 132;
  return (code & 0x80 ? -magnitude : magnitude) / 32768;
});
function toByte(value) {
  const linear = Math.max(-32768, Math.min(32767, Math.round(value * 32768))) >> 2;
  const magnitude = Math.min(Math.abs(linear), 8158) + 33;
  const segment = Math.max(0, 31 - Math.clz32(magnitude) - 5);
  const code = (segment << 4) | ((magnitude >> (segment + 1)) & 15);
  return (code ^ (linear < 0 ? 0x7f : 0xff)) & 0xff;
}

// A windowed sinc, by table. `wide` is half its width in samples of the side it reads.
class Kernel {
  constructor(from, to) {
    const cut = Math.min(1, to / from) * 0.9;
    this.wide = Math.ceil(14 / cut);
    this.fine = 256;
    this.table = Float32Array.from({ length: this.wide * this.fine + 2 }, (_, i) => {
      const x = i / this.fine, y = x / this.wide;
      if (y >= 1) return 0;
      const window = 0.42 + 0.5 * Math.cos(Math.PI * y) + 0.08 * Math.cos(2 * Math.PI * y);
      const angle = Math.PI * cut * x;
      return cut * (x === 0 ? 1 : Math.sin(angle) / angle) * window;
    });
  }
  at(x) { return this.table[Math.min(this.table.length - 1, Math.round(Math.abs(x) * this.fine))]; }
}

class MicrophoneProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.kernel = new Kernel(sampleRate, RATE);
    this.kept = new Float32Array(0);
    this.first = 0;          // place of kept[0], in samples of the browser's
    this.next = 0;           // place of the next sample to make
    this.step = sampleRate / RATE;
    this.frame = new Uint8Array(FRAME);
    this.filled = 0;
    this.loud = 0;
  }
  process([input]) {
    const heard = input[0] || new Float32Array(128);
    const joined = new Float32Array(this.kept.length + heard.length);
    joined.set(this.kept);
    joined.set(heard, this.kept.length);
    const end = this.first + joined.length, wide = this.kernel.wide;
    while (this.next + wide < end) {
      let sum = 0;
      const from = Math.max(this.first, Math.ceil(this.next - wide));
      for (let i = from; i <= this.next + wide; i++) sum += joined[i - this.first] * this.kernel.at(i - this.next);
      this.put(sum);
      this.next += this.step;
    }
    const keep = Math.max(this.first, Math.floor(this.next - wide) - 1);
    this.kept = joined.slice(keep - this.first);
    this.first = keep;
    return true;
  }
  put(value) {
    this.loud = Math.max(this.loud, Math.abs(value));
    this.frame[this.filled++] = toByte(value);
    if (this.filled < FRAME) return;
    this.port.postMessage({ frame: this.frame.slice(), loud: this.loud });
    this.filled = 0;
    this.loud = 0;
  }
}

// Plays one or two channels that come in pieces; says when a mark is reached and when nothing is left.
class SpeakerProcessor extends AudioWorkletProcessor {
  constructor(options) {
    super();
    this.kernel = new Kernel(RATE, sampleRate);
    this.sides = options.processorOptions?.sides || 1;
    this.ahead = options.processorOptions?.ahead || 480;
    this.sound = [new Float32Array(RATE * 4), new Float32Array(RATE * 4)];
    this.size = RATE * 4;
    this.written = 0;
    this.read = 0;
    this.marks = [];
    this.waiting = true;
    this.waited = 0;
    this.loud = [0, 0];
    this.told = 0;
    this.port.onmessage = ({ data }) => this.take(data);
  }
  take(data) {
    if (data.sound) {
      const each = data.sound.length / this.sides;
      for (let i = 0; i < each; i++) for (let side = 0; side < this.sides; side++) this.sound[side][(this.written + i) % this.size] = BACK[data.sound[side * each + i]];
      this.written += each;
      if (this.written - this.read > RATE) this.read = this.written - this.ahead;
    }
    if (data.mark) this.marks.push({ at: this.written, name: data.mark });
    if (data.clear) { this.read = this.written; this.flush(); }
  }
  flush() {
    for (const mark of this.marks) this.port.postMessage({ mark: mark.name });
    this.marks = [];
  }
  process(_inputs, [output]) {
    const step = RATE / sampleRate, length = output[0].length;
    if (this.waiting) {
      this.waited += length;
      const there = this.written - this.read;
      if (there >= this.ahead || (there > 0 && this.waited > sampleRate / 5)) this.waiting = false;
    }
    for (let n = 0; n < length; n++) {
      if (!this.waiting && this.read >= this.written) { this.waiting = true; this.waited = 0; this.read = this.written; this.flush(); }
      for (let side = 0; side < 2; side++) {
        let sum = 0;
        if (!this.waiting && side < this.sides) {
          const from = Math.max(0, Math.ceil(this.read - this.kernel.wide)), to = Math.min(this.written - 1, Math.floor(this.read + this.kernel.wide));
          for (let i = from; i <= to; i++) sum += this.sound[side][i % this.size] * this.kernel.at(i - this.read);
          this.loud[side] = Math.max(this.loud[side], Math.abs(sum));
        } else if (this.sides === 1 && side === 1) sum = output[0][n];
        if (output[side]) output[side][n] = sum;
      }
      if (!this.waiting) this.read += step;
    }
    while (this.marks.length && this.marks[0].at <= this.read) this.port.postMessage({ mark: this.marks.shift().name });
    this.told += length;
    if (this.told >= sampleRate / 25) { this.port.postMessage({ loud: this.loud }); this.loud = [0, 0]; this.told = 0; }
    return true;
  }
}

registerProcessor("microphone", MicrophoneProcessor);
registerProcessor("speaker", SpeakerProcessor);

// A picture on which a rectangle is marked by dragging. Places are parts of its width and height, from the lower left.
export default {
  template: `
    <div class="region">
      <div class="region-y" aria-hidden="true">
        <span v-for="tick in rows" :style="{ bottom: 100 * tick[0] + '%' }">{{ tick[1] }}</span>
      </div>
      <div class="region-pad" ref="pad" :class="{ 'region-still': !markable }"
        @pointerdown="begin" @pointermove="move" @pointerup="end" @pointercancel="cancel">
        <img :src="src" :alt="label" draggable="false">
        <div v-if="shown" class="region-box" :style="box"></div>
      </div>
      <div class="region-x" aria-hidden="true">
        <span v-for="tick in columns" :style="{ left: 100 * tick[0] + '%' }">{{ tick[1] }}</span>
      </div>
    </div>`,
  props: {
    src: String,
    label: String,
    rows: Array,
    columns: Array,
    markable: Boolean,
    whole: Boolean, // whether a mark has the full height
    marked: Array, // [left, bottom, right, top], or null
  },
  emits: ["mark"],
  data: () => ({ from: null, to: null }),
  computed: {
    shown() {
      return this.from ? this.between(this.from, this.to) : this.marked;
    },
    box() {
      const [left, bottom, right, top] = this.shown.map((part) => 100 * part);
      return { left: left + "%", bottom: bottom + "%", width: right - left + "%", height: top - bottom + "%" };
    },
  },
  methods: {
    place(event) {
      const pad = this.$refs.pad.getBoundingClientRect();
      const part = (value) => Math.min(1, Math.max(0, value));
      return [part((event.clientX - pad.left) / pad.width), part((pad.bottom - event.clientY) / pad.height)];
    },
    between(one, other) {
      const [left, right] = [one[0], other[0]].sort((a, b) => a - b);
      const [bottom, top] = this.whole ? [0, 1] : [one[1], other[1]].sort((a, b) => a - b);
      return [left, bottom, right, top];
    },
    begin(event) {
      if (!this.markable || event.button !== 0) return;
      this.$refs.pad.setPointerCapture(event.pointerId);
      this.from = this.to = this.place(event);
    },
    move(event) {
      if (this.from) this.to = this.place(event);
    },
    end(event) {
      if (!this.from) return;
      this.move(event);
      this.$emit("mark", this.shown);
      this.cancel();
    },
    cancel() {
      this.from = this.to = null;
    },
  },
};

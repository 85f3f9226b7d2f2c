// The reader's side of the searching picker. The server answers a text with at most one list;
// until it has, the lists already here are narrowed. Whatever a person wrote goes through
// textContent only.

const DEBOUNCE_MS = 200
const PATIENCE_MS = 1000
const LIST_HEIGHT = 300
const ROOM = 12
const RETURN_MS = 3000
const pickers = new WeakMap()
const lastLeft = new Map()

export default function ({ data, parentElement, setStateValue }) {
  let picker = pickers.get(parentElement)
  if (!picker?.isIn(parentElement)) {
    picker = new Picker(parentElement)
    pickers.set(parentElement, picker)
  }
  picker.receive(data, said => setStateValue("said", said))
  return () => picker.leave()
}

class Picker {
  turn = 0
  turnOfPick = 0
  text = ""
  askedText = ""
  picked = []
  isOpen = false
  hasFocus = false
  isTyping = false
  rows = []
  pointedAt = null
  debounce = 0
  patience = 0
  drawn = {}

  constructor(home) {
    this.root = home.querySelector(".picker")
    for (const part of ["label", "help", "tip", "control", "chips", "text", "clear"]) {
      this[`${part}Part`] = home.querySelector(`.${part}`)
    }
    for (const part of ["panel", "list", "hint", "spoken"]) {
      this[`${part}Part`] = home.querySelector(`.${part}`)
    }
    this.listen()
  }

  isIn(home) {
    return home.contains(this.root)
  }

  receive(data, say) {
    const isNew = this.data === undefined
    this.data = data
    this.say = say
    // An answer from before the last pick still shows the picks of then: it must not undo it.
    if (data.turn >= this.turn) {
      this.turn = data.turn
      this.picked = data.picked
    }
    this.draw()
    if (isNew) this.comeBack()
  }

  // What the lists hold for the text in the input.

  get isOne() {
    return this.data.max_keys === 1
  }

  get isFull() {
    return !this.isOne && this.picked.length >= this.data.max_keys
  }

  get isWaiting() {
    return this.text !== "" && this.data.text !== this.text
  }

  found() {
    const { beginning, answer } = this.data
    if (this.text === "") return beginning
    if (!this.isWaiting) return answer
    const here = [...(answer?.options ?? []), ...beginning.options]
    const known = new Map(here.map(option => [option.value, option]))
    return { options: [...known.values()].filter(option => matches(option, this.text)) }
  }

  offered() {
    if (this.isFull) return []
    if (this.isOne) return this.found().options
    const taken = new Set(this.picked.map(option => option.value))
    return this.found().options.filter(option => !taken.has(option.value))
  }

  // The row that Enter picks: the one pointed at, while typing the best match, else none.
  get active() {
    const index = this.rows.findIndex(option => option.value === this.pointedAt)
    if (index >= 0 || this.text === "" || this.rows.length === 0) return index
    return 0
  }

  // Doing.

  open() {
    if (this.isOpen) return
    this.isOpen = true
    this.pointedAt = null
    this.drawn.hint = null
    this.panelPart.classList.add("is-open")
    this.panelPart.showPopover?.()
    window.addEventListener("scroll", this.place, { capture: true, passive: true })
    window.visualViewport.addEventListener("resize", this.place)
    this.draw()
  }

  stopPlacing() {
    window.removeEventListener("scroll", this.place, { capture: true })
    window.visualViewport.removeEventListener("resize", this.place)
  }

  close() {
    if (!this.isOpen) return
    this.isOpen = false
    this.stopPlacing()
    this.panelPart.hidePopover?.()
    this.panelPart.classList.remove("is-open")
    this.type("", false)
  }

  // Streamlit may take the picker off the page and put a new one there in the middle of a word:
  // when a search starts before the last run of the page has been sent, that run loses it. The
  // new one goes on where the old one was.
  leave() {
    clearTimeout(this.debounce)
    clearTimeout(this.patience)
    this.stopPlacing()
    const { turn, turnOfPick, text, isTyping, picked, pointedAt, isOpen, hasFocus } = this
    const state = { turn, turnOfPick, text, isTyping, picked, pointedAt }
    const written = this.textPart.value
    lastLeft.set(this.data.key, { state, written, isOpen, hasFocus, at: performance.now() })
  }

  comeBack() {
    const left = lastLeft.get(this.data.key)
    lastLeft.delete(this.data.key)
    if (!left?.hasFocus || performance.now() - left.at > RETURN_MS) return
    Object.assign(this, left.state)
    if (this.turnOfPick <= this.data.turn) this.picked = this.data.picked
    this.textPart.value = left.written
    this.textPart.focus()
    if (left.isOpen) this.open()
    this.tell()
    this.draw()
  }

  type(text, isTyping) {
    this.isTyping = isTyping
    this.text = text.trim()
    this.pointedAt = null
    clearTimeout(this.debounce)
    this.debounce = setTimeout(() => this.ask(), DEBOUNCE_MS)
    this.draw()
  }

  ask() {
    if (this.text !== this.askedText) this.tell()
  }

  // The server hears the last message only. So each carries the picks it has not confirmed yet,
  // and one that a rerun swallowed is said again.
  tell() {
    this.turn += 1
    this.askedText = this.text
    const isConfirmed = this.turnOfPick <= this.data.turn
    const picked = isConfirmed ? null : this.picked.map(option => option.value)
    this.sayUntilHeard({ turn: this.turn, text: this.text, picked })
  }

  sayUntilHeard(said) {
    this.say(said)
    clearTimeout(this.patience)
    this.patience = setTimeout(() => {
      if (this.data.turn < this.turn) this.sayUntilHeard(said)
    }, PATIENCE_MS)
  }

  // The text is emptied in the same message that carries the pick: two messages would be two
  // reruns, the first of them searching for a text nobody wants any more.
  keep(picked, sentence) {
    clearTimeout(this.debounce)
    this.picked = picked
    this.text = ""
    this.isTyping = false
    this.pointedAt = null
    this.turnOfPick = this.turn + 1
    this.tell()
    this.draw()
    this.announce(sentence)
  }

  pick(option) {
    if (this.isOne) {
      this.keep([option], `${option.label} picked.`)
      this.close()
      return
    }
    const picked = [...this.picked, option]
    this.keep(picked, `${option.label} picked, ${picked.length} of ${this.data.max_keys}.`)
  }

  remove(option) {
    if (!this.data.may_clear) return
    const picked = this.picked.filter(other => other.value !== option.value)
    this.textPart.focus()
    this.keep(picked, `${option.label} removed.`)
  }

  clear() {
    this.textPart.focus()
    this.keep([], "Cleared.")
  }

  // Drawing. Every part is set from the state; what has not changed is left alone, so that a
  // click is never lost because its row was replaced under the finger.

  draw() {
    this.drawFace()
    this.drawChips()
    this.drawText()
    this.drawList()
    this.drawActive()
    this.drawHint()
    if (this.isOpen) this.place()
  }

  drawFace() {
    const { label, help, label_visibility, may_clear } = this.data
    this.root.dataset.label = label_visibility
    this.root.classList.toggle("is-one", this.isOne)
    this.labelPart.textContent = label
    this.listPart.setAttribute("aria-label", label)
    this.helpPart.hidden = !help
    this.helpPart.setAttribute("aria-label", `Help for ${label}`)
    this.tipPart.textContent = help ?? ""
    this.clearPart.hidden = !may_clear || this.picked.length === 0
  }

  drawChips() {
    const chips = this.isOne ? [] : this.picked
    const ink = readableOn(getComputedStyle(this.root).getPropertyValue("--st-primary-color"))
    if (!this.hasChanged("chips", [chips, ink])) return
    this.chipsPart.hidden = chips.length === 0
    this.chipsPart.style.color = ink
    this.chipsPart.replaceChildren(...chips.map(option => this.chip(option)))
  }

  chip(option) {
    const chip = element("span", { className: "chip", title: option.label })
    const button = element("button", { type: "button", onclick: () => this.remove(option) })
    button.setAttribute("aria-label", `Remove ${option.label}`)
    button.append(cross())
    chip.append(element("span", { textContent: option.label }), button)
    return chip
  }

  drawText() {
    const label = this.isOne ? (this.picked[0]?.label ?? "") : ""
    if (!this.isTyping && this.textPart.value !== label) this.textPart.value = label
    this.textPart.title = this.isTyping ? "" : label
    this.textPart.placeholder = this.picked.length === 0 ? this.data.placeholder : ""
    this.textPart.setAttribute("aria-expanded", String(this.isOpen))
  }

  drawList() {
    this.rows = this.offered()
    const chosen = this.isOne ? this.picked[0]?.value : null
    if (!this.hasChanged("list", [this.rows, chosen])) return
    this.listPart.hidden = this.rows.length === 0
    this.listPart.replaceChildren(
      ...this.rows.map((option, index) => row(option, index, option.value === chosen)),
    )
  }

  drawActive() {
    const items = [...this.listPart.children]
    const active = items[this.active]
    for (const item of items) item.classList.toggle("is-active", item === active)
    if (active) this.textPart.setAttribute("aria-activedescendant", active.id)
    else this.textPart.removeAttribute("aria-activedescendant")
  }

  drawHint() {
    const sentence = this.hint()
    this.hintPart.textContent = sentence
    if (!this.isOpen || this.isWaiting || !this.hasChanged("hint", [this.text, sentence])) return
    this.announce(sentence)
  }

  hint() {
    const { options, is_complete, total } = this.found()
    if (this.isFull) return `${this.data.max_keys} at most: remove one to pick another.`
    if (this.isWaiting) return "Searching…"
    if (options.length === 0) return this.text ? `Nothing matches “${this.text}”.` : "Nothing to pick."
    if (is_complete) return `${grouped(options.length)} found`
    if (total == null) return `${grouped(options.length)} shown, type to narrow`
    return `${grouped(options.length)} of ${grouped(total)}, type to narrow`
  }

  announce(sentence) {
    this.spokenPart.textContent = sentence
  }

  hasChanged(part, value) {
    const now = JSON.stringify(value)
    const before = this.drawn[part]
    this.drawn[part] = now
    return now !== before
  }

  place = () => {
    const { top, bottom, left, width } = this.controlPart.getBoundingClientRect()
    // The visual viewport ends where a phone's keyboard begins, the window does not.
    const view = window.visualViewport
    const below = view.offsetTop + view.height - bottom - ROOM
    const above = top - ROOM
    const isAbove = below < LIST_HEIGHT / 2 && above > below
    const style = this.panelPart.style
    style.left = `${left}px`
    style.width = `${width}px`
    style.top = isAbove ? "auto" : `${bottom + 4}px`
    style.bottom = isAbove ? `${window.innerHeight - top + 4}px` : "auto"
    const room = (isAbove ? above : below) - this.hintPart.offsetHeight
    this.listPart.style.maxHeight = `${Math.max(80, Math.min(LIST_HEIGHT, room))}px`
  }

  // Listening.

  listen() {
    const { textPart, controlPart, panelPart, listPart, clearPart } = this
    textPart.addEventListener("input", () => this.onInput())
    textPart.addEventListener("click", () => this.onTextClick())
    textPart.addEventListener("keydown", event => this.onKey(event))
    controlPart.addEventListener("mousedown", event => this.onControlPress(event))
    panelPart.addEventListener("mousedown", event => event.preventDefault())
    listPart.addEventListener("click", event => this.onRow(event, i => this.pickAt(i)))
    listPart.addEventListener("mousemove", event => this.onRow(event, i => this.pointAt(i)))
    clearPart.addEventListener("click", () => this.clear())
    this.root.addEventListener("focusin", () => {
      this.hasFocus = true
    })
    this.root.addEventListener("focusout", () => setTimeout(() => this.onFocusGone()))
    this.listenForHelp()
  }

  // A picker that was taken off the page has not been left by the reader.
  onFocusGone() {
    const { activeElement } = this.root.getRootNode()
    if (!this.root.isConnected || this.root.contains(activeElement)) return
    this.hasFocus = false
    this.close()
  }

  onInput() {
    this.type(this.textPart.value, true)
    this.open()
  }

  onTextClick() {
    if (this.isOne && !this.isTyping) this.textPart.select()
    this.open()
  }

  onControlPress(event) {
    if (event.target === this.textPart || event.target.closest("button")) return
    event.preventDefault()
    this.textPart.focus()
    if (this.isOpen) this.close()
    else this.open()
  }

  onRow(event, act) {
    const item = event.target.closest("li")
    if (item) act([...this.listPart.children].indexOf(item))
  }

  onKey(event) {
    if (event.isComposing) return
    const act = {
      ArrowDown: () => this.step(1),
      ArrowUp: () => this.step(-1),
      Enter: () => this.onEnter(),
      Escape: () => this.onEscape(event),
      Backspace: () => this.onBackspace(),
    }[event.key]
    if (act?.()) event.preventDefault()
  }

  step(by) {
    const count = this.rows.length
    if (!this.isOpen) this.open()
    else if (count > 0) {
      const from = this.active < 0 && by < 0 ? 0 : this.active
      this.pointAt((from + by + count) % count)
      this.listPart.children[this.active].scrollIntoView({ block: "nearest" })
    }
    return true
  }

  pointAt(index) {
    this.pointedAt = this.rows[index].value
    this.drawActive()
  }

  onEnter() {
    if (!this.isOpen) this.open()
    else this.pickAt(this.active)
    return true
  }

  pickAt(index) {
    const option = this.rows[index]
    if (option) this.pick(option)
  }

  onEscape(event) {
    if (!this.isOpen) return false
    event.stopPropagation()
    this.close()
    return true
  }

  onBackspace() {
    const last = this.picked.at(-1)
    if (this.textPart.value !== "" || !last) return false
    this.remove(last)
    return true
  }

  listenForHelp() {
    for (const kind of ["mouseenter", "focus"]) {
      this.helpPart.addEventListener(kind, () => this.showTip())
    }
    for (const kind of ["mouseleave", "blur"]) {
      this.helpPart.addEventListener(kind, () => this.hideTip())
    }
  }

  showTip() {
    this.tipPart.showPopover?.()
    const { top, right } = this.helpPart.getBoundingClientRect()
    const { width, height } = this.tipPart.getBoundingClientRect()
    this.tipPart.style.left = `${Math.max(ROOM, right - width)}px`
    this.tipPart.style.top = `${Math.max(ROOM, top - height - 6)}px`
  }

  hideTip() {
    this.tipPart.hidePopover?.()
  }
}

function matches(option, text) {
  const sought = text.toLowerCase()
  return [option.label, option.value].some(word => word.toLowerCase().includes(sought))
}

function row(option, index, isChosen) {
  const item = element("li", { id: `option-${index}`, title: option.label })
  item.setAttribute("role", "option")
  item.setAttribute("aria-selected", String(isChosen))
  item.append(element("span", { textContent: option.label }))
  return item
}

function element(tag, properties) {
  return Object.assign(document.createElement(tag), properties)
}

function cross() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  svg.setAttribute("viewBox", "0 0 10 10")
  svg.setAttribute("aria-hidden", "true")
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path")
  path.setAttribute("d", "M9 1 1 9M1 1l8 8")
  path.setAttribute("stroke", "currentColor")
  path.setAttribute("stroke-width", "2")
  path.setAttribute("stroke-linecap", "round")
  svg.append(path)
  return svg
}

function grouped(count) {
  return count.toLocaleString("en-US").replaceAll(",", "\u202f")
}

// Black or white, whichever stands out more; the weights are those of relative luminance.
function readableOn(colour) {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d")
  canvas.fillStyle = colour.trim()
  canvas.fillRect(0, 0, 1, 1)
  const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map(x => (x / 255) ** 2.2)
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "black" : "white"
}

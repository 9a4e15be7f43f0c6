import { byId, element } from './element.ts'
import { OUTCOME_WORDS, type Outcome } from './outcome.ts'
import { seconds, span as spanOf } from './words.ts'

/** One attempt on the time line. */
export interface Mark {
  /** @param waitMs how long until the next attempt, if there is one. */
  end(outcome: Outcome, status: number | undefined, waitMs: number | undefined): void
  /** What the attempt turned out to be, once the table was asked. */
  rename(outcome: Outcome): void
}

/** One request on the time line: its attempts, one after the other. */
export interface Row {
  attempt(): Mark
}

export interface TimeLine {
  clear(): void
  row(label: string): Row
}

interface Span {
  readonly bar: HTMLElement
  readonly startMs: number
  endMs: number | undefined
}

const LEAST_SCALE_MS = 1_000
const REDRAW_MS = 100

export function createTimeLine(): TimeLine {
  const list = byId('time-line', HTMLOListElement)
  const empty = byId('time-line-empty', HTMLElement)
  const axis = byId('axis', HTMLElement)
  const axisEnd = byId('axis-end', HTMLElement)
  let spans: Span[] = []
  let beganAtMs = 0
  let timer: ReturnType<typeof setInterval> | undefined

  function draw(): void {
    const nowMs = performance.now()
    const scaleMs = Math.max(LEAST_SCALE_MS, ...spans.map(({ endMs = nowMs }) => endMs - beganAtMs))
    for (const { bar, startMs, endMs = nowMs } of spans) {
      bar.style.setProperty('inset-inline-start', `${(100 * (startMs - beganAtMs)) / scaleMs}%`)
      bar.style.setProperty('inline-size', `${(100 * (endMs - startMs)) / scaleMs}%`)
    }
    axisEnd.textContent = seconds(scaleMs)
    const isMoving = spans.some(({ endMs }) => endMs === undefined)
    if (isMoving) timer ??= setInterval(draw, REDRAW_MS)
    else {
      clearInterval(timer)
      timer = undefined
    }
  }

  return {
    clear() {
      spans = []
      list.replaceChildren()
      empty.hidden = false
      axis.hidden = true
    },
    row(label) {
      if (spans.length === 0 && list.childElementCount === 0) beganAtMs = performance.now()
      empty.hidden = true
      axis.hidden = false
      const track = element('div', 'track')
      track.setAttribute('aria-hidden', 'true')
      const chips = element('span', 'chips')
      const number = list.childElementCount + 1
      list.append(element('li', 'row', element('span', 'who', `${number}. ${label}`), chips, track))
      let waiting: Span | undefined

      return {
        attempt() {
          const bar = element('span', 'bar')
          const chip = element('span', 'chip', OUTCOME_WORDS['under-way'])
          const span: Span = { bar, startMs: performance.now(), endMs: undefined }
          const rename = (outcome: Outcome): void => {
            bar.dataset.outcome = outcome
            chip.dataset.outcome = outcome
          }
          rename('under-way')
          spans.push(span)
          if (waiting) waiting.endMs = span.startMs
          waiting = undefined
          track.append(bar)
          chips.append(chip)
          draw()

          let detail = ''
          return {
            end(outcome, status, waitMs) {
              span.endMs = performance.now()
              if (waitMs !== undefined) {
                waiting = { bar: element('span', 'wait'), startMs: span.endMs, endMs: undefined }
                spans.push(waiting)
                track.append(waiting.bar)
              }
              detail = `${status === undefined ? '' : ` ${status}`} · ${spanOf(span.endMs - span.startMs)}`
              this.rename(outcome)
              draw()
            },
            rename(outcome) {
              rename(outcome)
              chip.replaceChildren(OUTCOME_WORDS[outcome], element('small', 'took', detail))
            },
          }
        },
      }
    },
  }
}

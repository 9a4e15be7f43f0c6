import { byId, element } from './dom.ts'
import { formatElapsed, formatSeconds } from './format.ts'
import { OUTCOME_LABELS, type Outcome } from './outcome.ts'

/** One attempt on the timeline. */
export interface AttemptMark {
  /** @param waitMs the time until the next attempt, if there is one. */
  end(outcome: Outcome, status: number | undefined, waitMs: number | undefined): void
  /** Corrects the outcome, once the record has been read. */
  rename(outcome: Outcome): void
}

/** One request on the timeline, with its attempts one after the other. */
export interface TimelineRow {
  startAttempt(): AttemptMark
}

export interface Timeline {
  clear(): void
  addRow(label: string): TimelineRow
}

interface Span {
  readonly bar: HTMLElement
  readonly startMs: number
  endMs: number | undefined
}

const MIN_SCALE_MS = 1_000
const REDRAW_MS = 100

export function createTimeline(): Timeline {
  const list = byId('timeline', HTMLOListElement)
  const empty = byId('timeline-empty', HTMLElement)
  const axis = byId('axis', HTMLElement)
  const axisEnd = byId('axis-end', HTMLElement)
  let spans: Span[] = []
  let startedAtMs = 0
  let timer: ReturnType<typeof setInterval> | undefined

  function draw(): void {
    const nowMs = performance.now()
    const scaleMs = Math.max(MIN_SCALE_MS, ...spans.map(({ endMs = nowMs }) => endMs - startedAtMs))
    for (const { bar, startMs, endMs = nowMs } of spans) {
      bar.style.setProperty('inset-inline-start', `${(100 * (startMs - startedAtMs)) / scaleMs}%`)
      bar.style.setProperty('inline-size', `${(100 * (endMs - startMs)) / scaleMs}%`)
    }
    axisEnd.textContent = formatSeconds(scaleMs)
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
    addRow(label) {
      if (spans.length === 0 && list.childElementCount === 0) startedAtMs = performance.now()
      empty.hidden = true
      axis.hidden = false
      const track = element('div', 'track')
      track.setAttribute('aria-hidden', 'true')
      const chips = element('span', 'chips')
      const number = list.childElementCount + 1
      list.append(element('li', 'row', element('span', 'row-label', `${number}. ${label}`), chips, track))
      let waiting: Span | undefined

      return {
        startAttempt() {
          const bar = element('span', 'bar')
          const chip = element('span', 'chip', OUTCOME_LABELS.pending)
          const span: Span = { bar, startMs: performance.now(), endMs: undefined }
          const rename = (outcome: Outcome): void => {
            bar.dataset.outcome = outcome
            chip.dataset.outcome = outcome
          }
          rename('pending')
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
              detail = `${status === undefined ? '' : ` ${status}`} · ${formatElapsed(span.endMs - span.startMs)}`
              this.rename(outcome)
              draw()
            },
            rename(outcome) {
              rename(outcome)
              chip.replaceChildren(OUTCOME_LABELS[outcome], element('small', 'chip-detail', detail))
            },
          }
        },
      }
    },
  }
}

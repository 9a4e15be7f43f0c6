/** What a JSON text shows and a parsed value no longer does. */
export interface JsonScan {
  readonly depth: number
  /** The members of all objects; repeated names count each time. */
  readonly members: number
  /** Whether a number's decimal value is not that of the double that would stand for it. */
  readonly hasLossyNumber: boolean
}

/** Up to 15 digits survive (what `DBL_DIG` says of a double), as long as its exponent has room for theirs. */
const SAFE_CHARACTERS = 15
const SMALLEST_SAFE = 1e-290
const LARGEST_SAFE = 1e290
/** Longer than JavaScript ever writes a number, and a bound on the work for one. */
const MAX_CHARACTERS = 64

/** Reads a text that may be JSON in one pass, without building anything of it. */
export function scanJson(text: string): JsonScan {
  let depth = 0
  let open = 0
  let members = 0
  let hasLossyNumber = false
  // Stryker disable next-line EqualityOperator: there is no character at the end
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22 /* " */) at = endOfString(text, at)
    else if (code === 0x3a /* : */) members++
    else if (code === 0x5b /* [ */ || code === 0x7b /* { */) depth = Math.max(depth, ++open)
    else if (code === 0x5d /* ] */ || code === 0x7d /* } */) open--
    else if (isDigit(code)) {
      const end = endOfNumber(text, at)
      // Stryker disable next-line EqualityOperator: no number ends at 0
      hasLossyNumber ||= end < 0 && !survives(text.slice(at, -end))
      at = Math.abs(end) - 1
    }
  }
  return { depth, members, hasLossyNumber }
}

/** Whether a JSON number's decimal value is that of the double it becomes. */
export function survives(source: string): boolean {
  const value = Number(source)
  const magnitude = Math.abs(value)
  // Stryker disable next-line ConditionalExpression,EqualityOperator,LogicalOperator: the same, but faster
  if (source.length <= SAFE_CHARACTERS && magnitude > SMALLEST_SAFE && magnitude < LARGEST_SAFE) return true
  return (
    source.length <= MAX_CHARACTERS && Number.isFinite(value) && decimal(source) === decimal(String(value))
  )
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  // Stryker disable next-line EqualityOperator: there is no character at the end
  for (; at < text.length && text.charCodeAt(at) !== 0x22; at++) {
    if (text.charCodeAt(at) === 0x5c /* \ */) at++
  }
  return at
}

/** The index after the number; negative if it is long or has an exponent, so that it needs a closer look. */
function endOfNumber(text: string, start: number): number {
  // Stryker disable next-line BooleanLiteral: a closer look finds the same
  let hasExponent = false
  let at = start + 1
  for (; ; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x65 /* e */ || code === 0x45 /* E */) hasExponent = true
    else if (!isDigit(code) && code !== 0x2e /* . */ && code !== 0x2b /* + */ && code !== 0x2d /* - */) break
  }
  // Stryker disable next-line ConditionalExpression,EqualityOperator,ArithmeticOperator: a closer look finds the same
  return hasExponent || at - start > SAFE_CHARACTERS ? -at : at
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** One text for each decimal value but for its sign: its significant digits and the power of ten of the first one. */
function decimal(text: string): string {
  const mantissaEnd = text.search(/e|$/i)
  const mantissa = text.slice(0, mantissaEnd)
  const fraction = mantissa.slice(mantissa.search(/\.|$/) + 1)
  const digits = mantissa.replace(/\D/g, '').replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  // Zero has none, and to any power it is zero.
  return (
    significant && `${significant}e${Number(text.slice(mantissaEnd + 1)) - fraction.length + digits.length}`
  )
}

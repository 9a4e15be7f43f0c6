/** As many digits survive in a double (`DBL_DIG` in C), unless the exponent leaves no room for them. */
export const SAFE_CHARACTERS = 15
const SMALLEST_SAFE = 1e-290
const LARGEST_SAFE = 1e290
/** Longer than JavaScript ever writes a number, and a bound on the work for one. */
const MAX_CHARACTERS = 64
/** With up to 15 characters, numbers of this form are what JavaScript writes, too. */
const USUAL = /^(?:0|-?[1-9]\d*(?:\.\d*[1-9])?|-?0\.0{0,5}[1-9](?:\d*[1-9])?)$/

/**
 * Returns a JSON number as JavaScript writes it. `mayLose` allows for a number that no double holds.
 * @throws SyntaxError if the source is not a JSON number.
 * @throws RangeError if the number's decimal value is not that of the double it becomes.
 * @see RFC 8785 §3.2.2.3
 */
export function canonicalNumber(source: string, mayLose: boolean): string {
  // Stryker disable next-line ConditionalExpression,EqualityOperator: the same, but slower
  if (source.length <= SAFE_CHARACTERS && USUAL.test(source)) return source
  const value = Number(JSON.parse(source))
  const canonical = String(value)
  if (!mayLose && !survives(source, value, canonical)) throw new RangeError()
  return canonical
}

function survives(source: string, value: number, canonical: string): boolean {
  const magnitude = Math.abs(value)
  // Stryker disable next-line ConditionalExpression,EqualityOperator,LogicalOperator: the same, but slower
  if (source.length <= SAFE_CHARACTERS && magnitude > SMALLEST_SAFE && magnitude < LARGEST_SAFE) return true
  return source.length <= MAX_CHARACTERS && Number.isFinite(value) && decimal(source) === decimal(canonical)
}

/** Returns one text for each decimal value but for its sign: its significant digits and the exponent of the first. */
function decimal(text: string): string {
  const mantissaEnd = text.search(/e|$/i)
  const mantissa = text.slice(0, mantissaEnd)
  const fraction = mantissa.slice(mantissa.search(/\.|$/) + 1)
  const digits = mantissa.replace(/\D/g, '').replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  // Zero has no significant digits, whatever its exponent.
  return (
    significant && `${significant}e${Number(text.slice(mantissaEnd + 1)) - fraction.length + digits.length}`
  )
}

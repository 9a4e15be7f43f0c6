import type { Page } from 'playwright-core'

/** Runs in the page: computes the contrast of every visible text with its background. */
const SCRIPT = `(() => {
  const parse = (colour) => {
    const parts = colour.match(/[\\d.]+/g).map(Number)
    if (!colour.startsWith('rgb')) throw new Error('expected rgb, got ' + colour)
    return { rgb: parts.slice(0, 3), alpha: parts[3] ?? 1 }
  }
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { rgb, alpha } = parse(getComputedStyle(at).backgroundColor)
      if (alpha === 1) return rgb
    }
    throw new Error('no background behind ' + element.outerHTML)
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const seen = []
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement
    const text = texts.currentNode.textContent.trim()
    if (text === '' || element.closest('[hidden], noscript, :disabled') || element.getClientRects().length === 0) continue
    const [light, dark] = [luminance(parse(getComputedStyle(element).color).rgb), luminance(behind(element))].sort((a, b) => b - a)
    seen.push({ text, ratio: (light + 0.05) / (dark + 0.05) })
  }
  return seen
})()`

/** Returns the contrast of each text with its background. @see WCAG 2.2 §1.4.3 */
export function readContrasts(page: Page): Promise<{ readonly text: string; readonly ratio: number }[]> {
  return page.evaluate(SCRIPT)
}

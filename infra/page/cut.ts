import { byId } from './element.ts'

/** The first of a list, as many as are shown. The page's element `id` says how many more there are. */
export function cut<Item>(items: readonly Item[], most: number, id: string): readonly Item[] {
  const line = byId(id, HTMLElement)
  const more = items.length - most
  line.hidden = more <= 0
  line.textContent = more > 0 ? `and ${more} more` : ''
  return items.slice(0, most)
}

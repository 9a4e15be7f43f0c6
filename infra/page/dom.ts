/** Returns the page's element with this id. @throws Error if it is missing or of another type. */
export function byId<E extends Element>(id: string, type: new () => E): E {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`The page has no ${type.name} #${id}.`)
  return found
}

/** Creates an element with these children. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string,
  ...children: (string | Node)[]
): HTMLElementTagNameMap[Tag] {
  const created = document.createElement(tag)
  if (className !== '') created.className = className
  created.append(...children)
  return created
}

/** Returns the first items of a list. The element `moreId` shows how many others there are. */
export function firstItems<Item>(items: readonly Item[], max: number, moreId: string): readonly Item[] {
  const line = byId(moreId, HTMLElement)
  const more = items.length - max
  line.hidden = more <= 0
  line.textContent = more > 0 ? `and ${more} more` : ''
  return items.slice(0, max)
}

/** The orders that were fulfilled. Your own code would call its API here. */
export const fulfilled: string[] = []

export async function fulfil(orderId: string): Promise<void> {
  fulfilled.push(orderId)
}

export interface Parcel {
  readonly parcelId: string
  readonly orderId: string
  readonly items: readonly string[]
}

/** The parcels that left the warehouse. Your own code would call its API here. */
export const shipped: Parcel[] = []

export async function ship(parcel: Parcel): Promise<void> {
  if (parcel.items.length === 0) throw new Error(`Order ${parcel.orderId} has no items.`)
  shipped.push(parcel)
}

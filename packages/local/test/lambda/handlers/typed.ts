export const kitchen = async (event: { readonly dish: string }): Promise<string> => `one ${event.dish}`

/**
 * The API's words of one item, which name its place in the request, with a name that the reader knows.
 * @param place as the API writes it: `input[6]`.
 */
export function nameItem(message: string, place: string, name = 'this text'): string {
  return message.replaceAll(place, name);
}

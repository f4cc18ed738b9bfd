// Numbers as C's printf writes them with %g.

/** Enough digits to see whether a number lies exactly between two shorter ones. */
const EXACT_DIGITS = 60

/** A number with so many significant digits, in the shorter of the two forms, as `%.Ng`. */
export function formatNumber(number: number, digits: number): string {
  if (Number.isNaN(number)) return 'nan'
  if (!Number.isFinite(number)) return number > 0 ? 'inf' : '-inf'
  if (number === 0) return Object.is(number, -0) ? '-0' : '0'
  const [mantissa, exponent] = rounded(number, digits).split('e')
  const power = Number(exponent)
  if (power < -4 || power >= digits) {
    const sign = power < 0 ? '-' : '+'
    return `${trimmed(mantissa)}e${sign}${String(Math.abs(power)).padStart(2, '0')}`
  }
  return trimmed(Number(`${mantissa}e${power}`).toFixed(Math.max(0, digits - 1 - power)))
}

/** In exponential form. Exactly in the middle C takes the even digit, JavaScript the larger one. */
function rounded(number: number, digits: number): string {
  const exact = number.toExponential(EXACT_DIGITS)
  const kept = exact.indexOf('.') + digits
  const isMiddle = /^50*$/.test(exact.slice(kept, exact.indexOf('e')))
  const isEven = Number(exact[kept - 1] === '.' ? exact[kept - 2] : exact[kept - 1]) % 2 === 0
  if (!isMiddle || !isEven) return number.toExponential(digits - 1)
  const shorter = exact.slice(0, kept)
  return `${shorter.endsWith('.') ? shorter.slice(0, -1) : shorter}${exact.slice(exact.indexOf('e'))}`
}

const trimmed = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)

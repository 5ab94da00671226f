/**
 * Puts moments by the clocks of whoever looks.
 *
 * @param {ParentNode} within
 */
export function showMoments(within) {
  for (const moment of within.querySelectorAll('time[data-moment]'))
    if (moment instanceof HTMLTimeElement) moment.textContent = words.format(new Date(moment.dateTime));
}

const words = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZoneName: 'short',
});

package templates

import (
	"strconv"
	"time"
)

// Moment is a point in time. Pages show its date and its distance from now in the
// user's language.
type Moment struct{ at, now time.Time }

// NewMoment returns the Moment of t, relative to now.
func NewMoment(t, now time.Time) Moment { return Moment{at: t.UTC(), now: now} }

// DateTime returns the time in RFC 3339 and UTC, for the datetime attribute.
func (m Moment) DateTime() string { return m.at.Format(time.RFC3339) }

// date returns a text such as "2 January 2026, 15:04 UTC".
func (c *catalogue) date(m Moment) string {
	year, month, day := m.at.Date()
	return c.text("date",
		"day", strconv.Itoa(day), "month", c.text(Message("date.month."+strconv.Itoa(int(month)))),
		"year", strconv.Itoa(year), "time", m.at.Format("15:04"))
}

// distance returns a text such as "in 2 hours 5 minutes" or "3 minutes ago".
func (c *catalogue) distance(m Moment) string { return c.relative(m.at.Sub(m.now)) }

// relative returns the text of a distance in its two largest units. A past distance
// is rounded down to the minute and a future one up, so a new session of an hour
// ends "in 1 hour", not in 59 minutes.
func (c *catalogue) relative(d time.Duration) string {
	past := d <= 0
	if past {
		d = -d
	}
	switch {
	case d < time.Minute && past:
		return c.text("distance.now")
	case d < time.Minute:
		return c.text("distance.soon")
	case past:
		return c.text("distance.past", "span", c.span(d))
	default:
		return c.text("distance.future", "span", c.span(d+time.Minute-time.Nanosecond))
	}
}

// The texts with plural forms.
const (
	spanDays    Message = "span.days"
	spanHours   Message = "span.hours"
	spanMinutes Message = "span.minutes"
)

// span returns the text of a duration of at least a minute.
func (c *catalogue) span(d time.Duration) string {
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	switch {
	case days > 0:
		return c.units(days, spanDays, hours, spanHours)
	case hours > 0:
		return c.units(hours, spanHours, minutes, spanMinutes)
	default:
		return c.count(spanMinutes, minutes)
	}
}

func (c *catalogue) units(large int, largeUnit Message, small int, smallUnit Message) string {
	if small == 0 {
		return c.count(largeUnit, large)
	}
	return c.text("span", "large", c.count(largeUnit, large), "small", c.count(smallUnit, small))
}

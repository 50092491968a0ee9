/*
 * What an axis shows, and where its ticks are: at 1, 2, 5 times a power of ten,
 * at powers of ten, or at round seconds, hours and days.
 */
#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/exp/sheet/plotting.h"

#include <math.h>

#define ROOM 0.04		/* above and below, of the whole */
#define LARGEST 8e307		/* that is shown */

/* ---- ranges -------------------------------------------------------------- */

struct range {
	double min, max;
};

static void include(struct range *r, double v, bool log)
{
	if (v - v != 0 || (log && v <= 0))
		return;
	if (!(v >= r->min))
		r->min = v;
	if (!(v <= r->max))
		r->max = v;
}

static void include_points(struct range *r, const struct plot_points *p,
			   bool is_x, bool log)
{
	size_t i;

	for (i = 0; i < p->nr; i++)
		if (p->y[i] == p->y[i])
			include(r, is_x ? p->x[i] : p->y[i], log);
}

static void include_panel(struct range *r, const struct plot_panel *panel,
			  bool is_x, bool log)
{
	size_t i;

	for (i = 0; i < panel->nr; i++) {
		include_points(r, &panel->line[i].points, is_x, log);
		include_points(r, &panel->line[i].raw, is_x, log);
	}
}

static void finish(struct plot_scale *out, const struct plot_axis *axis,
		   struct range r, bool room)
{
	bool fixed_min = axis->min == axis->min;
	bool fixed_max = axis->max == axis->max;
	double spare;

	out->log = axis->log;
	if (fixed_min)
		r.min = axis->min;
	if (fixed_max)
		r.max = axis->max;
	if (r.min != r.min)
		r.min = r.max == r.max ? r.max : axis->log ? 1 : 0;
	if (r.max != r.max)
		r.max = r.min;
	if (axis->log) {
		r.min = log10(r.min);
		r.max = log10(r.max);
	}
	/* so that the distance between the ends is a double, too */
	r.min = fmax(r.min, -LARGEST);
	r.max = fmin(r.max, LARGEST);
	/* one value, or two that a double hardly tells apart */
	if (!(r.max - r.min > 1e-14 * fabs(r.max))) {
		spare = axis->log ? 0.5 : r.min ? fabs(r.min) / 2 : 1;
		if (axis->kind == PLOT_CATEGORY || axis->kind == PLOT_DATE ||
		    axis->kind == PLOT_DURATION)
			spare = 1;
		r.min -= spare;
		r.max += spare;
	} else if (room) {
		spare = (r.max - r.min) * ROOM;
		r.min -= fixed_min ? 0 : spare;
		r.max += fixed_max ? 0 : spare;
	}
	out->min = r.min;
	out->max = r.max;
}

void plot_scale_x(struct plot_scale *out, const struct plot *plot)
{
	struct range r = { (double)NAN, (double)NAN };
	size_t i;

	for (i = 0; i < plot->nr; i++)
		include_panel(&r, &plot->panel[i], true, plot->x.log);
	if (plot->x.kind == PLOT_CATEGORY) {
		r.min = -0.5;
		r.max = (double)MAXIMUM(plot->x.names.nr, 1) - 0.5;
	}
	finish(out, &plot->x, r, plot->scatter &&
	       plot->x.kind != PLOT_CATEGORY);
}

void plot_scale_y(struct plot_scale *out, const struct plot *plot UNUSED,
		  const struct plot_panel *panel)
{
	struct range r = { (double)NAN, (double)NAN };

	include_panel(&r, panel, false, panel->y.log);
	finish(out, &panel->y, r, true);
}

double plot_place(const struct plot_scale *scale, double value)
{
	if (scale->log)
		value = value > 0 ? log10(value) : (double)NAN;
	if (value - value != 0)
		return (double)NAN;
	/* halves, so that no difference of two doubles is too large */
	return (value / 2 - scale->min / 2) / (scale->max / 2 -
					       scale->min / 2);
}

/* ---- numbers ------------------------------------------------------------- */

static void cut_zeros(char *text)
{
	char *end = text + strlen(text), *point = strchr(text, '.');

	if (!point)
		return;
	while (end[-1] == '0')
		*--end = '\0';
	if (end[-1] == '.')
		end[-1] = '\0';
}

/* Tens of thousands and more get a letter, unless that would take digits behind
 * the point. */
static void format_number(char *out, size_t room, double v, double step)
{
	static const char letters[] = "kMGT";
	double size = fabs(v), unit = 1, next;
	int decimals;

	if (fabs(v) < step / 1e6)
		v = 0;
	if (v == 0) {
		snprintf(out, room, "0");
		return;
	}
	if (size >= 1e16 || step >= 1e15 || step < 1e-5 || size < 1e-5) {
		snprintf(out, room, "%.*g",
			 MINIMUM(15, MAXIMUM(1, (int)floor(log10(size)) -
					     (int)floor(log10(step)) + 1)),
			 v);
		return;
	}
	for (next = 1e3; next < 1e13 && size >= 10000; next *= 1000)
		if (size >= next * (1 - 1e-9) && step >= next / 11)
			unit = next;
	decimals = (int)-floor(log10(step / unit) + 1e-9);
	snprintf(out, room, "%.*f", MINIMUM(15, MAXIMUM(0, decimals)),
		 v / unit);
	if (unit > 1) {
		size_t len = strlen(out);

		cut_zeros(out);
		len = strlen(out);
		snprintf(out + len, room - len, "%c",
			 letters[(int)(log10(unit) / 3 + 0.5) - 1]);
	}
}

static double nice_step(double span, unsigned most)
{
	static const double steps[] = { 1, 2, 5, 10 };
	double raw = span / (most ? most : 1), power;
	size_t i;

	power = pow(10, floor(log10(raw)));
	for (i = 0; i < ARRAY_SIZE(steps) - 1; i++)
		if (steps[i] * power >= raw * (1 - 1e-9))
			break;
	return steps[i] * power;
}

static size_t number_ticks(struct plot_tick *out,
			   const struct plot_scale *scale, unsigned most)
{
	double span = scale->max - scale->min, step, first;
	size_t nr = 0, i;

	if (!(span > 0) || span - span != 0)
		return 0;
	step = nice_step(span, most);
	first = ceil(scale->min / step - 1e-9);
	for (i = 0; nr < PLOT_MAX_TICKS; i++) {
		double v = (first + (double)i) * step;

		if (v > scale->max + step * 1e-9)
			break;
		out[nr].value = v;
		out[nr].minor = false;
		format_number(out[nr].text, sizeof(out[nr].text), v, step);
		nr++;
	}
	return nr;
}

static void format_power(char *out, size_t room, double v)
{
	if (v >= 1e-4 && v < 1e15)
		format_number(out, room, v, v);
	else
		snprintf(out, room, "%.0e", v);
}

/* Powers of ten; between them 2 to 9 without a text, or with one where there
 * is no second power to tell the scale by. */
static size_t log_ticks(struct plot_tick *out, const struct plot_scale *scale,
			unsigned most)
{
	int low = (int)floor(scale->min), high = (int)ceil(scale->max);
	int powers = (int)floor(scale->max + 1e-9) -
		     (int)ceil(scale->min - 1e-9) + 1;
	int each = MAXIMUM(1, (powers + (int)most - 1) /
			   MAXIMUM(1, (int)most));
	static const int rounds[] = { 1, 2, 3, 5, 10, 20, 50, 100, 200, 500 };
	size_t nr = 0, i;
	int power, digit;

	for (i = 0; i < ARRAY_SIZE(rounds) - 1 && rounds[i] < each; i++)
		;
	each = rounds[i];
	for (power = low; power <= high; power++)
		for (digit = 1; digit < 10; digit++) {
			double v = digit * pow(10, power), at = log10(v);
			bool major = digit == 1 && !(power % each);

			if (powers < 2 && (digit == 2 || digit == 5))
				major = true;
			if (at < scale->min - 1e-9 || at > scale->max + 1e-9 ||
			    nr == PLOT_MAX_TICKS ||
			    (!major && powers > (digit > 1 ? 4 : 20)))
				continue;
			out[nr].value = v;
			out[nr].minor = !major;
			*out[nr].text = '\0';
			if (major)
				format_power(out[nr].text,
					     sizeof(out[nr].text), v);
			nr++;
		}
	return nr;
}

/* ---- time ---------------------------------------------------------------- */

static const unsigned time_steps[] = {
	1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800,
	21600, 43200, 86400, 2 * 86400, 7 * 86400, 14 * 86400, 28 * 86400
};

/* "90", "1:30", "2:00:00", "1d 12h": with a unit where it is not a clock. */
static void format_duration(char *out, size_t room, double seconds,
			    double step)
{
	long long s = (long long)llround(fabs(seconds));
	const char *sign = seconds < 0 && s ? "-" : "";

	if (step < 1)
		snprintf(out, room, "%gs", round(seconds / step) * step);
	else if (!s)
		snprintf(out, room, "0s");
	else if (step >= 86400)
		snprintf(out, room, "%s%lldd", sign, s / 86400);
	else if (s >= 86400 && s % 86400)
		snprintf(out, room, "%s%lldd%02lldh", sign, s / 86400,
			 s / 3600 % 24);
	else if (s >= 86400)
		snprintf(out, room, "%s%lldd", sign, s / 86400);
	else if (s >= 3600 && s % 3600)
		snprintf(out, room, "%s%lldh%02lldm", sign, s / 3600,
			 s / 60 % 60);
	else if (s >= 3600)
		snprintf(out, room, "%s%lldh", sign, s / 3600);
	else if (s >= 60 && s % 60)
		snprintf(out, room, "%s%lldm%02llds", sign, s / 60, s % 60);
	else if (s >= 60)
		snprintf(out, room, "%s%lldm", sign, s / 60);
	else
		snprintf(out, room, "%s%llds", sign, s);
}

/* step 0: the whole date. */
static void format_date(char *out, size_t room, double value, double step,
			int offset)
{
	time_t at = (time_t)llround(fmax(-1e11, fmin(1e11, value))) + offset;
	const char *form = !(step > 0) ? "%Y-%m-%d %H:%M:%S" :
			   step >= 86400 ? "%Y-%m-%d" : step >= 21600 ?
			   "%m-%d %H:%M" : step >= 60 ? "%H:%M" : "%H:%M:%S";
	struct tm tm;

	if (fabs(value) > 1e11 || !gmtime_r(&at, &tm) ||
	    !strftime(out, room, form, &tm))
		snprintf(out, room, "%.0f", value);
}

static size_t time_ticks(struct plot_tick *out, const struct plot_axis *axis,
			 const struct plot_scale *scale, unsigned most)
{
	double span = scale->max - scale->min, step = 0, first;
	double offset = axis->kind == PLOT_DATE ? axis->offset : 0;
	size_t nr = 0, i;

	if (axis->kind == PLOT_DURATION && span < most)
		step = nice_step(span, most);
	for (i = 0; !(step > 0) && i < ARRAY_SIZE(time_steps); i++)
		if (time_steps[i] * (double)most >= span)
			step = time_steps[i];
	if (!(step > 0))
		step = 86400 * nice_step(span / 86400, most);
	first = ceil((scale->min + offset) / step - 1e-9);
	for (i = 0; nr < PLOT_MAX_TICKS; i++) {
		double v = (first + (double)i) * step - offset;

		if (v > scale->max + step * 1e-9)
			break;
		out[nr].value = v;
		out[nr].minor = false;
		if (axis->kind == PLOT_DATE)
			format_date(out[nr].text, sizeof(out[nr].text), v,
				    step, axis->offset);
		else
			format_duration(out[nr].text, sizeof(out[nr].text), v,
					step);
		nr++;
	}
	return nr;
}

/* ---- all of them --------------------------------------------------------- */

static size_t name_ticks(struct plot_tick *out, const struct plot_axis *axis,
			 unsigned most)
{
	size_t each = 1 + axis->names.nr / MAXIMUM(most, 1), nr = 0, i;

	for (i = 0; i < axis->names.nr && nr < PLOT_MAX_TICKS; i += each) {
		out[nr].value = (double)i;
		out[nr].minor = false;
		snprintf(out[nr].text, sizeof(out[nr].text), "%.40s",
			 axis->names.v[i]);
		nr++;
	}
	return nr;
}

size_t plot_ticks(struct plot_tick *out, const struct plot_axis *axis,
		  const struct plot_scale *scale, unsigned most)
{
	most = MINIMUM(most, 20);
	if (axis->kind == PLOT_CATEGORY)
		return name_ticks(out, axis, most);
	if (axis->log)
		return log_ticks(out, scale, most);
	if (axis->kind == PLOT_DURATION || axis->kind == PLOT_DATE)
		return time_ticks(out, axis, scale, most);
	return number_ticks(out, scale, most);
}

void plot_format(struct strbuf *out, const struct plot_axis *axis,
		 double value)
{
	char text[48];

	if (value != value || value - value != 0) {
		strbuf_addstr(out, value != value ? "NaN" : value > 0 ? "inf" :
			      "-inf");
		return;
	}
	switch (axis->kind) {
	case PLOT_DURATION:
		if (fabs(value) < 1e14) {
			format_duration(text, sizeof(text), value,
					fabs(value) < 100 ? 0.01 : 1);
			strbuf_addstr(out, text);
			return;
		}
		break;
	case PLOT_DATE:
		format_date(text, sizeof(text), value, 0, axis->offset);
		strbuf_addstr(out, text);
		return;
	case PLOT_CATEGORY:
		if (value >= 0 && value < (double)axis->names.nr) {
			strbuf_addstr(out, axis->names.v[(size_t)value]);
			return;
		}
		break;
	default:
		break;
	}
	if (floor(value) == value && fabs(value) < 1e9)
		strbuf_addf(out, "%.0f", value);
	else
		strbuf_addf(out, "%.4g", value);
}

// SPDX-License-Identifier: GPL-2.0-only
#include "offline_meter.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "size.h"

#define DRAW_MS	200

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/**
 * couche_meter_start() - begin
 * @meter: filled in
 * @ctl: the global options
 * @total: bytes that will be read
 */
void couche_meter_start(struct couche_meter *meter, const struct couche_ctl *ctl,
			uint64_t total)
{
	meter->shown = couche_is_tty(STDERR_FILENO) && !ctl->no_progress && !ctl->quiet;
	meter->done = 0;
	meter->total = total;
	meter->begun_ms = now_ms();
	meter->drawn_ms = meter->begun_ms;
}

static void draw(struct couche_meter *meter, uint64_t now)
{
	uint64_t elapsed = now - meter->begun_ms;
	char done[COUCHE_SIZE_TEXT], rate[COUCHE_SIZE_TEXT], eta[COUCHE_SIZE_TEXT];
	uint64_t left = meter->total > meter->done ? meter->total - meter->done : 0;

	couche_size_format(meter->done, done);
	couche_size_format(elapsed ? meter->done / elapsed * 1000 : 0, rate);
	couche_eta_format(meter->done ? left / (meter->done / elapsed + 1) : 0, eta);
	fprintf(stderr, "\r%3u%% %s %s/s ETA %s\033[K",
		meter->total ? (unsigned int)(meter->done * 100 / meter->total) : 100, done, rate,
		eta);
	meter->drawn_ms = now;
}

/**
 * couche_meter_step() - so much more was read
 * @meter: one that was started
 * @bytes: how much
 */
void couche_meter_step(struct couche_meter *meter, uint64_t bytes)
{
	uint64_t now;

	meter->done += bytes;
	if (!meter->shown)
		return;
	now = now_ms();
	if (now - meter->drawn_ms >= DRAW_MS)
		draw(meter, now);
}

/**
 * couche_meter_end() - take the line away
 * @meter: one that was started
 */
void couche_meter_end(struct couche_meter *meter)
{
	if (meter->shown)
		fputs("\r\033[K", stderr);
}

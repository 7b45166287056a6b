/* Fits a profile to features, keeps rows in few bits, packs them all as a store and reads one row back. Then a network runs with
 * its activations stored. Usage: example FOLDER, which gets x.zarr. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dqa.h"

enum { ROWS = 640, WIDTH = 48 };

/* check ends the program where a call failed. */
static void check(int code, dqa_error *err) {
  if (code != 0) {
    fprintf(stderr, "%s: %s\nhint: %s\n", err->name, err->message, err->hint);
    dqa_error_free(err);
    exit(code);
  }
}

static float *make_features(void) {
  float *x = malloc(sizeof(float) * ROWS * WIDTH);
  unsigned state = 1;
  for (int i = 0; i < ROWS * WIDTH; i++) {
    state = state * 1664525u + 1013904223u;
    x[i] = (float)(sin(i * 0.37) + (double)(state >> 8) / (1 << 24));
  }
  return x;
}

static double squared_error(const float *x, const float *y, size_t n) {
  double sum = 0, all = 0;
  for (size_t i = 0; i < n; i++) {
    sum += (x[i] - y[i]) * (x[i] - y[i]);
    all += x[i] * x[i];
  }
  return sum / all;
}

/* One frame of the profile's first edge, and back. */
static void encode_and_decode(dqa_handle profile, const float *x) {
  dqa_error err = {0};
  dqa_tensors edges = {0};
  check(dqa_profile_edges(profile, &edges, &err), &err);
  size_t n = 1;
  for (int k = 0; k < edges.items[0].rank; k++) n *= (size_t)edges.items[0].shape[k];
  dqa_tensors_free(&edges);

  dqa_bytes frame = {0};
  check(dqa_encode(profile, &x, &n, 1, 0, &frame, &err), &err);
  float *y = malloc(n * sizeof *y);
  check(dqa_decode_edge(profile, frame.data, frame.size, 0, y, n, &err), &err);
  printf("a frame: %zu values in %zu bytes, relative squared error %.4f\n", n, frame.size, squared_error(x, y, n));

  /* Damage is an error, never a crash. */
  ((unsigned char *)frame.data)[frame.size - 1] ^= 1;
  int code = dqa_decode_edge(profile, frame.data, frame.size, 0, y, n, &err);
  printf("a damaged frame: exit code %d, %s\n", code, err.name);
  if (code == 0 || strcmp(err.name, "format-checksum") != 0) exit(1);
  dqa_error_free(&err);
  free(y);
  dqa_bytes_free(&frame);
}

static void pack_and_read(dqa_handle array, dqa_handle profile, const float *x, const char *folder) {
  dqa_error err = {0};
  dqa_handle store = 0;
  char path[4096];
  snprintf(path, sizeof path, "%s/x.zarr", folder);
  check(dqa_pack(0, array, profile, path, "{\"source\": \"made up\"}", NULL, &err), &err);
  check(dqa_store_open(path, profile, &store, &err), &err);
  float row[WIDTH];
  check(dqa_store_read(0, store, 321, row, WIDTH, &err), &err);
  printf("row 321 alone: relative squared error %.4f\n", squared_error(x + 321 * WIDTH, row, WIDTH));
  dqa_bytes verdict = {0};
  check(dqa_store_verify(0, store, array, &verdict, &err), &err);
  if (strstr(verdict.data, "\"same_array\": true") == NULL) exit(1);
  dqa_bytes_free(&verdict);
  check(dqa_free(store, &err), &err);
}

/* A network, calibrated on its own images, runs with stored activations. */
static void run_network(void) {
  dqa_error err = {0};
  dqa_handle net = 0, images = 0, profile = 0, bound = 0, context = dqa_context_new();
  check(dqa_network_open("demo:classify", NULL, &net, &err), &err);
  check(dqa_data_open(net, "demo:classify[0:4]", &images, &err), &err);
  check(dqa_calibrate(context, net, images, "{\"setting\": \"direct\"}", &profile, NULL, &err), &err);
  check(dqa_network_bind(net, profile, &bound, &err), &err);
  dqa_tensors out = {0};
  check(dqa_run(context, bound, images, "{\"packed\": true}", &out, &err), &err);
  printf("outputs of the network: %s, %d axes, %lld images\n", out.items[0].name, out.items[0].rank, (long long)out.items[0].shape[0]);
  dqa_tensors_free(&out);

  check(dqa_cancel(context, &err), &err);
  int code = dqa_run(context, net, images, NULL, &out, &err);
  printf("cancelled: exit code %d, %s\n", code, err.name);
  if (code != 130) exit(1);
  dqa_error_free(&err);
  dqa_handle all[] = {net, images, profile, bound, context};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) check(dqa_free(all[i], &err), &err);
  if (dqa_free(net, &err) == 0 || strcmp(err.name, "handle") != 0) exit(1); /* freed already */
  dqa_error_free(&err);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  dqa_error err = {0};
  dqa_handle array = 0, profile = 0;
  float *x = make_features();
  const int64_t shape[] = {ROWS, WIDTH};
  check(dqa_array_wrap(x, "<f4", shape, 2, &array, &err), &err);
  dqa_bytes told = {0};
  check(dqa_fit(0, array, 0, "{\"max_error\": 0.01}", &profile, &told, &err), &err);
  printf("libdqa %s fitted: %.*s", dqa_version(), (int)told.size, (char *)told.data);
  dqa_bytes_free(&told);
  encode_and_decode(profile, x);
  pack_and_read(array, profile, x, argv[1]);
  check(dqa_free(profile, &err), &err);
  check(dqa_free(array, &err), &err);
  free(x);
  run_network();
  return 0;
}

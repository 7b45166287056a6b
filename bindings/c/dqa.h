/*
 * libdqa: features and activations of neural networks in few bits per value.
 *
 * Results. Every function that returns int returns 0 where it did what it is named for. Else it returns the exit code of
 * the command line (docs/ERRORS.md) and, if err is not NULL, tells in *err the error's stable name, what happened and
 * what helps. What is behind out is then as it was. No panic of the library ends the process: it is the error "fault".
 *
 * Ownership. Handles are numbers, never 0; dqa_free gives one back, whatever it is of, while calls that use it end in
 * peace. dqa_bytes, dqa_tensors and dqa_error are filled by the library and given back by dqa_bytes_free,
 * dqa_tensors_free and dqa_error_free, which set them to zeros; freeing zeros is allowed. Memory that you hand over
 * stays yours and is read during the call only, with two exceptions, which say so: dqa_array_wrap and dqa_data_wrap.
 *
 * Threads. Every function may be called from any thread at any time, with handles that other threads use as well. Calls on
 * one store or array wait for each other; all others run side by side.
 *
 * Calls that take a context may run long. dqa_cancel, from another thread, ends them with the error "interrupted" (130).
 * 0 is no context.
 *
 * Signals. The library installs handlers for faults (SIGSEGV and its like, passed on to handlers that were there) and for
 * SIGURG, none for SIGINT or SIGTERM. After fork() the child must not call it; after exec() it may.
 *
 * Options are JSON objects as text; NULL and "" mean the defaults; unknown keys are the error "setting". Information comes
 * as JSON, too. Texts are UTF-8. Tensors are row-major float32.
 */
#ifndef DQA_H
#define DQA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DQA_MAX_RANK 8

typedef uintptr_t dqa_handle;

/* A zero byte, which size does not count, follows the data: JSON is a string of C's. */
typedef struct {
  void *data;
  size_t size;
} dqa_bytes;

typedef struct {
  char *name;    /* stable: "format-checksum" */
  char *message; /* one line */
  char *hint;
} dqa_error;

/* A tensor. The library fills name; what you hand over needs none where a network has one input. */
typedef struct {
  char *name;
  float *data;
  int64_t shape[DQA_MAX_RANK];
  int rank;
} dqa_tensor;

typedef struct {
  dqa_tensor *items;
  size_t count;
} dqa_tensors;

typedef struct {
  char phase[64]; /* for people; "" before the first */
  char unit[16];
  int64_t done;
  int64_t total;
} dqa_progress;

typedef const char dqa_text;
typedef const float dqa_floats;
typedef const void *dqa_memory; /* any memory, which is only read */
typedef const int64_t dqa_shape;
typedef const dqa_tensor dqa_input;
typedef const size_t dqa_sizes;

/* ---- everything ---- */

dqa_text *dqa_version(void); /* lives as long as the process */
int dqa_free(dqa_handle handle, dqa_error *err);
void dqa_bytes_free(dqa_bytes *bytes);
void dqa_tensors_free(dqa_tensors *tensors);
void dqa_error_free(dqa_error *err);

/* What a profile's tables, a frame's tensors, a picture or an array that cannot be read row by row may take, for all calls from
 * now on; 0: 256 MiB. Bytes of strangers cannot cost more. */
void dqa_set_max_memory(int64_t bytes);

dqa_handle dqa_context_new(void);
int dqa_cancel(dqa_handle context, dqa_error *err);
int dqa_context_progress(dqa_handle context, dqa_progress *out, dqa_error *err);

/* ---- profiles: how tensors become bytes ---- */

int dqa_profile_open(dqa_text *path, dqa_handle *profile, dqa_error *err);
int dqa_profile_parse(dqa_memory data, size_t size, dqa_handle *profile, dqa_error *err);
int dqa_profile_bytes(dqa_handle profile, dqa_bytes *out, dqa_error *err);
/* What `dqa inspect --json` tells (docs/JSON.md). */
int dqa_profile_info(dqa_handle profile, dqa_bytes *json, dqa_error *err);
/* Names and shapes of the edges, in the order of frames; data is NULL. */
int dqa_profile_edges(dqa_handle profile, dqa_tensors *out, dqa_error *err);

/* Encodes all edges, values[i] being that of edge i with sizes[i] values, as one frame: the bytes that the command line and
 * Go write. Values that are NaN or infinite are the error "non-finite"; allowed, they become 0 and the outermost codes. */
int dqa_encode(dqa_handle profile, dqa_floats **values, dqa_sizes *sizes, size_t count, int allow_nonfinite, dqa_bytes *frame,
               dqa_error *err);
/* The values that a network computes with. */
int dqa_decode(dqa_handle profile, dqa_memory frame, size_t size, dqa_tensors *out, dqa_error *err);
/* Decodes one edge into memory of yours, which holds exactly its values. */
int dqa_decode_edge(dqa_handle profile, dqa_memory frame, size_t size, size_t edge, float *values, size_t count, dqa_error *err);

/* ---- arrays of features, whose rows lie along the first axis ---- */

/* The memory must stay as it is until the handle is freed and no call uses it. type is NumPy's word: "<f4", "<f2", "|u1". */
int dqa_array_wrap(dqa_memory data, dqa_text *type, dqa_shape *shape, int rank, dqa_handle *array, dqa_error *err);
/* .npy files (or X.npz:NAME), one behind the other. */
int dqa_array_open(dqa_text **paths, size_t count, dqa_handle *array, dqa_error *err);

/* One of "bits", "max_error", "min_cosine", "min_neighbours" and "max_loss" is the objective; further options: "axes" ("NCHW"),
 * "coder", "transform" ("none", "pca", "auto"), "seed", "name"; for max_loss "head" (path of an ONNX network) and labels, an array of classes (else 0). json tells
 * what was reached, as `dqa fit --json` does; it may be NULL. */
int dqa_fit(dqa_handle context, dqa_handle array, dqa_handle labels, dqa_text *options, dqa_handle *profile, dqa_bytes *json,
            dqa_error *err);
/* Writes a Zarr array to a folder, or to a file whose name ends in .zip. Options: "axes", "source" (what the array is called).
 * json is the certificate; it may be NULL. */
int dqa_pack(dqa_handle context, dqa_handle array, dqa_handle profile, dqa_text *path, dqa_text *options, dqa_bytes *json,
             dqa_error *err);

/* profile is the one that it must have been packed with; 0: whichever it was. */
int dqa_store_open(dqa_text *path, dqa_handle profile, dqa_handle *store, dqa_error *err);
/* {"shape": [...], "certificate": {...} or null} */
int dqa_store_info(dqa_handle store, dqa_bytes *json, dqa_error *err);
int dqa_store_profile(dqa_handle store, dqa_handle *profile, dqa_error *err);
/* Decodes rows from first on into count values, which are whole rows. No more is read than the chunks they lie in. */
int dqa_store_read(dqa_handle context, dqa_handle store, int64_t first, float *values, size_t count, dqa_error *err);
/* Writes rows first to last-1 as a .npy file; last = -1: to the end. */
int dqa_store_unpack(dqa_handle context, dqa_handle store, dqa_text *path, int64_t first, int64_t last, dqa_error *err);
/* Decodes everything; array (or 0) is what the store must have been packed from. json: as `dqa verify --json`; may be NULL. */
int dqa_store_verify(dqa_handle context, dqa_handle store, dqa_handle array, dqa_bytes *json, dqa_error *err);

/* ---- networks ---- */

/* model: the path of an .onnx file, or "demo:classify". Options: "preprocess" (an object of texts with the keys of the YAML file
 * beside a model: {"divisor": "255", "mean": "0.5"}), "edges" (stored, activations, blocks), "skip" (a list of edges), "cut",
 * "engine", "output", "part" (true: inputs are tensors, one or several). Without preprocessing, by option or file, arrays are
 * inputs as they are. */
int dqa_network_open(dqa_text *model, dqa_text *options, dqa_handle *network, dqa_error *err);
int dqa_network_parse(dqa_text *name, dqa_memory model, size_t size, dqa_text *options, dqa_handle *network, dqa_error *err);
/* The network that a profile was made of, opened as the profile says; the profile is bound to it. */
int dqa_network_of(dqa_text *model, dqa_handle profile, dqa_handle *network, dqa_error *err);
/* A new handle of the same network, which computes with stored activations. */
int dqa_network_bind(dqa_handle network, dqa_handle profile, dqa_handle *bound, dqa_error *err);
/* {"name": ..., "engine": ..., "inputs": [...], "outputs": [...], "edges": [...]}, each with name and shape. */
int dqa_network_info(dqa_handle network, dqa_bytes *json, dqa_error *err);

/* Images: a SPEC of the command line ("dir:photos"), or an array with its labels, classes or masks (labels NULL: none), whose
 * memory must stay as it is until the handle is freed and no call uses it. Types are NumPy's words. */
int dqa_data_open(dqa_handle network, dqa_text *spec, dqa_handle *data, dqa_error *err);
int dqa_data_wrap(dqa_handle network, dqa_memory images, dqa_text *type, dqa_shape *shape, int rank, dqa_memory labels,
                  dqa_text *label_type, dqa_shape *label_shape, int label_rank, dqa_handle *data, dqa_error *err);
/* Tensors for a network that was opened with "part": one for every input, by name, with the images along a first axis. They are
 * copied. */
int dqa_data_tensors(dqa_handle network, dqa_input *tensors, size_t count, dqa_handle *data, dqa_error *err);

/* Outputs for all images, along a first axis. A bound network computes with stored activations: packed in memory with
 * {"packed": true}. Options: "workers", "threads", "packed", "allow_nonfinite". */
int dqa_run(dqa_handle context, dqa_handle network, dqa_handle data, dqa_text *options, dqa_tensors *out, dqa_error *err);
/* Frames of all images of a bound network, one behind the other: frame i has sizes[i] bytes, a uint64 each. */
int dqa_network_encode(dqa_handle context, dqa_handle network, dqa_handle data, dqa_text *options, dqa_bytes *frames, dqa_bytes *sizes,
                       dqa_error *err);
/* Options: "setting" (as --methods: "graded:budget=2", "dqa:mse:m=2"), "coder", "workers", "probabilities", "allow_nonfinite", "seed".
 * json tells what `dqa calibrate --json` does; it may be NULL. */
int dqa_calibrate(dqa_handle context, dqa_handle network, dqa_handle data, dqa_text *options, dqa_handle *profile, dqa_bytes *json,
                  dqa_error *err);
/* A bound network against itself in float32. Options: "workers", "probabilities", "allow_nonfinite", "seed". json: as
 * `dqa eval --json`. */
int dqa_evaluate(dqa_handle context, dqa_handle network, dqa_handle data, dqa_text *options, dqa_bytes *json, dqa_error *err);
/* Writes head.onnx and tail.onnx (and their profiles, of a bound network) to a folder. json: as `dqa split --json`. */
int dqa_split(dqa_handle network, dqa_text *edge, dqa_text *folder, dqa_bytes *json, dqa_error *err);

#ifdef __cplusplus
}
#endif
#endif

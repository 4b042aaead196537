// The pipeline's API: upload URLs, the list, single pictures with their renditions.

export class Pictures {
  constructor({ api }, pool) {
    Object.assign(this, { api, pool });
  }

  async call(path, method = "GET") {
    const answer = await fetch(this.api + path, { method, headers: { Authorization: `Bearer ${await this.pool.idToken()}` } });
    if (answer.status === 204) return null;
    const body = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(body.message || `The API answered ${answer.status}.`), { status: answer.status });
    return body;
  }

  // The newest first, a page at a time; `next` of one page leads to the one behind it.
  list(next) {
    return this.call(next ? `/images?next=${encodeURIComponent(next)}` : "/images");
  }
  one(id) {
    return this.call(`/images/${encodeURIComponent(id)}`);
  }
  remove(id) {
    return this.call(`/images/${encodeURIComponent(id)}`, "DELETE");
  }

  // Uploads a file through a signed URL; `progress` is told percents. The id of the picture that will come of it.
  async upload(file, progress) {
    const query = new URLSearchParams({ filename: file.name, contentType: file.type, size: file.size });
    const { id, url, headers } = await this.call(`/uploads/presign?${query}`);
    await put(url, headers, file, progress);
    return id;
  }

  // Waits for a picture's renditions.
  async wait(id, seconds = 60) {
    for (let n = 0; n < seconds; n += 1) {
      const { images } = await this.list();
      if (images.some(image => image.id === id)) return true;
      await new Promise(done => setTimeout(done, 1000));
    }
    return false;
  }
}

// fetch tells nothing of how far an upload is.
function put(url, headers, file, progress) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) {
      // The browser sets these itself.
      if (!["host", "content-length"].includes(name.toLowerCase())) request.setRequestHeader(name, value);
    }
    request.upload.onprogress = event => event.lengthComputable && progress(Math.round(100 * event.loaded / event.total));
    request.onload = () => (request.status === 200 ? done() : failed(new Error(`The upload was refused (${request.status}).`)));
    request.onerror = () => failed(new Error("The upload was interrupted."));
    request.send(file);
  });
}

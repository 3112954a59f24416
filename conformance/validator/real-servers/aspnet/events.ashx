<%@ WebHandler Language="C#" Class="Events" %>
using System;
using System.Web;

public class Events : IHttpHandler {
  public bool IsReusable { get { return true; } }

  public void ProcessRequest(HttpContext context) {
    context.Response.ContentType = "text/event-stream";
    context.Response.Write("retry:1000\n");
    context.Response.Write("data:" + DateTime.Now + "\n");
  }
}
